"""The types of single settings, each with its pattern and a description, and the names of regions."""

import re
from typing import Annotated, Literal

import msgspec

# Each pattern ends in `$(?!\n)`: in Python a plain `$` also matches before a trailing newline.
# Kubernetes' own rules: RFC 1123 label for a namespace, subdomain for a Secret's name.
_LABEL = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$(?!\\n)"
SUBDOMAIN = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"

REPOSITORY = "[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*"
"""The pattern of a repository's name (Amazon ECR API Reference, CreateRepository)."""
ONE_LINE = r"^[!-~]([ -~]*[!-~])?$(?!\n)"
"""In ASCII: another character may look like one of these, or like nothing."""

_HOST_LABEL = "[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?"
_PORT = "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
HOST_AND_PORT = rf"({_HOST_LABEL}(\.{_HOST_LABEL})*|\[[0-9A-Fa-f:.]+\])(:({_PORT}))?"
"""A URL's host, also an IPv6 address in brackets, with or without a port; no user and no password."""

Duration = Annotated[
    str,
    msgspec.Meta(
        pattern="^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$(?!\\n)",
        min_length=2,
        description="A duration as Kubernetes writes it: 2m, 6h, 1h30m.",
        # Shown by editors and by the synth instead of the pattern.
        extra_json_schema={"patternErrorMessage": "not a duration: write 6h or 1h30m"},
    ),
]
CheckInterval = Annotated[
    Duration,
    msgspec.Meta(
        description="A check interval; 1m to 1h.",
        extra_json_schema={"patternErrorMessage": "not a duration: write 2m or 1h, 1m to 1h in whole minutes"},
    ),
]
Namespace = Annotated[
    str,
    msgspec.Meta(
        pattern=_LABEL, description="A Kubernetes namespace: lower-case letters, digits and hyphens; at most 63."
    ),
]
ClusterName = Annotated[
    str,
    msgspec.Meta(
        pattern="^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$(?!\\n)",
        description="The EKS cluster's name (not its ARN, not its URL): letters, digits, - and _.",
    ),
]
Account = Annotated[
    str,
    msgspec.Meta(pattern="^[0-9]{12}$(?!\\n)", description="The cluster's AWS account: 12 digits."),
]
Region = Annotated[
    str,
    msgspec.Meta(pattern="^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$(?!\\n)", description="An AWS region, such as eu-west-1."),
]
# All regions are named AREA-DIRECTION-NUMBER (us-east-1, eusc-de-east-1). The pattern accepts new areas and numbers,
# and refuses names without a direction (us-moon-1, eu-wst-1). A list would refuse each new region until it is updated.
_REGION = re.compile("[a-z]{2,4}(-[a-z]+)*-(central|(north|south)(east|west)?|east|west)-[0-9]{1,2}")

RoleArn = Annotated[
    str,
    msgspec.Meta(
        pattern="^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$(?!\\n)",
        description="The ARN of a role that you created: arn:aws:iam::ACCOUNT:role/NAME.",
    ),
]
ExternalId = Annotated[
    str,
    msgspec.Meta(
        pattern="^[A-Za-z0-9_+=,.@:/-]{2,1224}$(?!\\n)",
        description="What the role's trust policy requires: letters, digits and _+=,.@:/-; goes with role_arn.",
    ),
]
Access = Annotated[
    Literal["least-privilege", "edit-policy", "none"],
    msgspec.Meta(
        description="least-privilege: a Role of the named objects, to be applied; edit-policy: EKS's own policy, "
        "wider, nothing to apply; none: you set up access yourself."
    ),
]
RoleName = Annotated[
    str,
    msgspec.Meta(
        pattern="^[A-Za-z0-9_+=,.@-]{1,64}$(?!\\n)",
        description="The name of a role that you created in each account: letters, digits and _+=,.@-; at most 64.",
    ),
]
# Kubernetes' rules for the keys of both and for a label's value (apimachinery, IsQualifiedName and IsValidLabelValue).
_PART = "[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
MetadataKey = Annotated[
    str,
    msgspec.Meta(
        pattern=rf"^((?=[^/]{{1,253}}/){SUBDOMAIN}/)?{_PART}$(?!\n)",
        description="NAME or PREFIX/NAME: a prefix like a domain, a name of at most 63 letters, digits, -, _ and .",
    ),
]
LabelValue = Annotated[
    str,
    msgspec.Meta(pattern=rf"^({_PART})?$(?!\n)", description="At most 63 letters, digits, -, _ and .; or nothing."),
]


def is_region(name: str) -> bool:
    return _REGION.fullmatch(name) is not None


def explain_no_region(name: str) -> str:
    return f"{name} is not an AWS region; a region's name has a direction and a number, such as eu-west-1"
