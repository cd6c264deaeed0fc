"""What can keep a credential from being renewed, in words for the person who reads it at night.

    SyncError                what failed, for what, what to do; one line, no secret
    ├── AddressError         the API server could not be reached, or is not the one that it should be
    └── AwsRefusalError      AWS refused a call, with a code

A SyncError is raised where the fault is understood and caught where one credential's failure is kept from the others.
"""


class SyncError(Exception):
    """A credential could not be kept fresh; the message is for a person."""


class AddressError(SyncError):
    """The cluster's address may be out of date: worth asking EKS again, once."""


class AwsRefusalError(SyncError):
    """AWS refused a call; `code` is its own word."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code
