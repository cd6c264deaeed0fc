"""What can keep a credential from being renewed, as facts. messages.py makes the sentences.

    SyncError                what failed, why, what to do, and whether it may pass
    ├── OverlapError         another run wrote at the same time
    ├── AddressError         the API server could not be reached, or is not the one that it should be
    ├── UnauthorizedError    the API server does not know who asks
    ├── ForbiddenError       the API server does not let the one who asks do this
    └── AwsError             AWS was not reached, or did not answer as its API does
        └── AwsRefusalError  AWS refused a call, with a code
            └── AssumeRoleError  AWS refused to let a role be assumed

An error is raised where the fault is understood, and caught where one credential's failure is kept from the others. No
fact holds a secret.
"""

from dataclasses import dataclass, field

from argo_ecr_auth.core.targets import Role, Target


@dataclass(kw_only=True, eq=False)
class SyncError(Exception):
    """A credential could not be kept fresh. The facts are clauses without a final period."""

    failed: str  # what failed, for what
    why: str = ""
    remedy: str = ""  # what to do, or to ask oneself
    transient: bool = False  # the next run may succeed, if nobody does anything
    overwritten: bool = False  # the token that was read is no longer there

    def __str__(self) -> str:
        failed = f"{self.failed}: {self.why}" if self.why else self.failed
        return f"{failed}; {self.remedy}" if self.remedy else failed


class OverlapError(SyncError):
    """What is left may be the other run's Secret with this one's ConfigMap: worth another try, once."""


class AddressError(SyncError):
    """The cluster's address may be out of date: worth asking EKS again, once."""


@dataclass(kw_only=True, eq=False)
class UnauthorizedError(SyncError):
    """A 401: no access entry, or one of an earlier role."""

    target: Target


@dataclass(kw_only=True, eq=False)
class ForbiddenError(SyncError):
    """A 403 of the API server's own authorizer."""

    target: Target
    doing: str  # such as "get the Secret argocd/ecr-auth"
    namespace: str


@dataclass(kw_only=True, eq=False)
class AwsError(SyncError):
    """A call of AWS's failed."""

    cause: Exception | None = field(default=None, repr=False)  # botocore's own error, whose words may hold a request


@dataclass(kw_only=True, eq=False)
class AwsRefusalError(AwsError):
    """What AWS refused."""

    code: str  # AWS's own
    role: Role | None = None  # that was assumed to ask
    permission: str = ""  # that whoever asked may lack; empty if nothing points at a permission


@dataclass(kw_only=True, eq=False)
class AssumeRoleError(AwsRefusalError):
    """The role could not be assumed."""

    role: Role
