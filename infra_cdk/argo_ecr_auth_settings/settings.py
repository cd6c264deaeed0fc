"""The types of `settings.yaml`: the function's settings, and how to deploy it."""

from collections.abc import Iterator
from typing import Annotated, Literal, get_args

import msgspec

from argo_ecr_auth.core.field_types import Duration
from argo_ecr_auth.core.settings import CredentialSettings, Settings, TargetSettings

Access = Annotated[
    Literal["least-privilege", "edit-policy", "none"],
    msgspec.Meta(
        description="least-privilege: a Role of the named objects, to be applied; edit-policy: EKS's own policy, "
        "wider, nothing to apply; none: you make the access yourself."
    ),
]
RepositoryPattern = Annotated[
    str,
    msgspec.Meta(
        pattern="^[a-z0-9*?][a-z0-9._/*?-]*$(?!\\n)",
        max_length=256,
        description="A repository's name in lower case; * stands for anything, ? for one character.",
    ),
]
Runtime = Literal["python3.11", "python3.12", "python3.13", "python3.14"]
RUNTIMES: tuple[str, ...] = get_args(Runtime)
Architecture = Literal["arm64", "x86_64"]


class VpcSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The function's VPC, for clusters whose API server it could not reach otherwise."""

    id: Annotated[
        str, msgspec.Meta(pattern="^vpc-[0-9a-f]{8,17}$(?!\\n)", description="The VPC, such as vpc-0123abcd.")
    ]
    subnets: Annotated[
        tuple[
            Annotated[
                str,
                msgspec.Meta(
                    pattern="^subnet-[0-9a-f]{8,17}$(?!\\n)", description="A subnet, such as subnet-0123abcd."
                ),
            ],
            ...,
        ],
        msgspec.Meta(min_length=1, description="At least one; with a way to AWS and to the clusters."),
    ]
    security_groups: Annotated[
        tuple[
            Annotated[
                str,
                msgspec.Meta(
                    pattern="^sg-[0-9a-f]{8,17}$(?!\\n)", description="A security group, such as sg-0123abcd."
                ),
            ],
            ...,
        ],
        msgspec.Meta(description="Without any, one is made that lets HTTPS and DNS out and nothing in."),
    ] = ()


class DeployedCredentialSettings(CredentialSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One Secret in one namespace, and what its token may pull."""

    repositories: Annotated[
        tuple[RepositoryPattern, ...],
        msgspec.Meta(description="What the token may pull, as charts/* or charts/app; all of the registry without it."),
    ] = ()
    pull_through_cache: Annotated[
        bool, msgspec.Meta(description="true: a pull may fill ECR's cache of another registry.")
    ] = False


class DeployedTargetSettings(TargetSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One EKS cluster, and how the function gets access to it."""

    access: Access | None = None
    credentials: Annotated[
        tuple[DeployedCredentialSettings, ...], msgspec.Meta(description="Instead of the general credentials.")
    ] = ()


class DeploymentSettings(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `settings.yaml` holds."""

    targets: tuple[DeployedTargetSettings, ...]
    credentials: Annotated[
        tuple[DeployedCredentialSettings, ...],
        msgspec.Meta(description="What each target without credentials of its own gets."),
    ] = ()
    installation: Annotated[
        str,
        msgspec.Meta(
            pattern="^[a-z][a-z0-9-]{0,38}[a-z0-9]$(?!\\n)",
            description="Names the stack, the Kubernetes group and the Role: lower-case letters, digits and hyphens; "
            "2 to 40 of them.",
        ),
    ] = "argo-ecr-auth"
    check_every: Annotated[
        Duration,
        msgspec.Meta(
            description="How often each target is checked; 1m to 1h.",
            extra_json_schema={"patternErrorMessage": "not a duration: write 2m or 1h, 1m to 1h in whole minutes"},
        ),
    ] = "2m"
    access: Access = "least-privilege"
    architecture: Architecture = "arm64"
    vpc: VpcSettings | None = None
    monitoring: Annotated[bool, msgspec.Meta(description="false: no alarms and no dashboard.")] = True
    per_target_metrics: Annotated[
        bool, msgspec.Meta(description="true: also five metrics for each target; each costs money each month.")
    ] = False
    alarm_email: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$(?!\n)",
                description="An e-mail address that the alarms are sent to.",
            ),
        ]
        | None
    ) = None
    alarm_topic_arn: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$(?!\n)",
                description="The ARN of an SNS topic of yours that the alarms are sent to: "
                "arn:aws:sns:REGION:ACCOUNT:NAME.",
            ),
        ]
        | None
    ) = None
    runtime: Annotated[
        Runtime | None,
        msgspec.Meta(
            description="The function's Python, which is also that of the synth; where not given, the synth's."
        ),
    ] = None


def list_credentials(settings: DeploymentSettings) -> Iterator[tuple[str, DeployedCredentialSettings]]:
    """Each credential with its path, the general ones first."""
    for i, credential in enumerate(settings.credentials):
        yield f"credentials[{i}]", credential
    for i, target in enumerate(settings.targets):
        for j, credential in enumerate(target.credentials):
            yield f"targets[{i}].credentials[{j}]", credential
