"""What the function's role may do, written from the settings: exactly what a run uses."""

from collections.abc import Iterator, Sequence

from aws_cdk import aws_iam as iam

from argo_ecr_auth.targets import Credential, Target

# What pulling a chart asks for; ListImages is for the tags of a chart whose version is a range.
_PULL = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:ListImages",
)


def statements(targets: Sequence[Target], *, partition: str, account: str) -> list[iam.PolicyStatement]:
    """The statements of the function's role; what another role is assumed for is that role's to allow.

    `partition` and `account` are those of the stack; they may be tokens.
    """
    own_registries = [credential for target in targets for credential in target.credentials if credential.role is None]
    return [
        *_of_registries(own_registries),
        *_of_clusters([target for target in targets if target.role is None], partition=partition, account=account),
        *_of_roles(targets),
    ]


def _of_registries(credentials: Sequence[Credential]) -> Iterator[iam.PolicyStatement]:
    if not credentials:
        return
    # It takes no resource (Service Authorization Reference, Amazon ECR).
    yield iam.PolicyStatement(sid="Token", actions=["ecr:GetAuthorizationToken"], resources=["*"])
    # A token has the rights of the role that asked for it: without these, Argo CD could log in and pull nothing.
    registries = {credential.registry for credential in credentials}
    yield iam.PolicyStatement(
        sid="Pull",
        actions=list(_PULL),
        resources=sorted(
            f"arn:{registry.partition.name}:ecr:{registry.region}:{registry.account}:repository/*"
            for registry in registries
        ),
    )


def _of_clusters(targets: Sequence[Target], *, partition: str, account: str) -> Iterator[iam.PolicyStatement]:
    clusters = sorted({(target.region, target.cluster) for target in targets if target.endpoint is None})
    if clusters:
        yield iam.PolicyStatement(
            sid="Clusters",
            actions=["eks:DescribeCluster"],
            resources=[f"arn:{partition}:eks:{region}:{account}:cluster/{name}" for region, name in clusters],
        )


def _of_roles(targets: Sequence[Target]) -> Iterator[iam.PolicyStatement]:
    roles = {target.role for target in targets} | {one.role for target in targets for one in target.credentials}
    if arns := sorted({role.arn for role in roles if role is not None}):
        yield iam.PolicyStatement(sid="Roles", actions=["sts:AssumeRole"], resources=arns)
