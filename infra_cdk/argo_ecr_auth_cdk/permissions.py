"""What the function's role may do, written from the settings: exactly what a run uses."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from aws_cdk import aws_iam as iam

from argo_ecr_auth.registry import Registry
from argo_ecr_auth.targets import Target
from argo_ecr_auth_cdk.pulls import Pulls

# What pulling a chart asks for; ListImages is for the tags of a chart whose version is a range.
_PULL = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:ListImages",
)
# What the first pull of an image through ECR's cache asks for besides (Amazon ECR User Guide, pull through cache).
_PULL_THROUGH_CACHE = ("ecr:BatchImportUpstreamImage", "ecr:CreateRepository")

# A managed policy holds 6,144 characters and a role takes ten (IAM quotas). CDK spreads a role's statements over them,
# but does not divide a statement: so each is well below.
_MOST_CHARACTERS = 4_000
_CHARACTERS_OF_AN_ARN = 55  # without the cluster's name


def statements(
    targets: Sequence[Target], *, pulls: Mapping[Registry, Pulls], partition: str, account: str
) -> list[iam.PolicyStatement]:
    """The statements of the function's role; what another role is assumed for is that role's to allow.

    `pulls` says what the tokens of the function's own role may pull. `partition` and `account` are those of the stack;
    they may be tokens.
    """
    return [
        *_of_registries(pulls),
        *_of_clusters([target for target in targets if target.role is None], partition=partition, account=account),
        *_of_roles(targets),
    ]


def _of_registries(pulls: Mapping[Registry, Pulls]) -> Iterator[iam.PolicyStatement]:
    public = [registry for registry in pulls if registry.public]
    pulls = {registry: pull for registry, pull in pulls.items() if not registry.public}
    if public:
        # What anybody may pull needs no right but the token's (Amazon ECR Public User Guide, registry authentication).
        yield _statement("PublicToken", ["ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"], ["*"])
    if not pulls:
        return
    # It takes no resource (Service Authorization Reference, Amazon ECR).
    yield _statement("Token", ["ecr:GetAuthorizationToken"], ["*"])
    # A token has the rights of the role that asked for it: without these, Argo CD could log in and pull nothing.
    yield from _divided("Pull", _PULL, {arn for registry, pull in pulls.items() for arn in pull.arns(registry)})
    through_cache = {registry: pull for registry, pull in pulls.items() if pull.through_cache}
    yield from _divided(
        "PullThroughCache",
        _PULL_THROUGH_CACHE,
        {arn for registry, pull in through_cache.items() for arn in pull.arns(registry)},
    )


def _of_clusters(targets: Sequence[Target], *, partition: str, account: str) -> Iterator[iam.PolicyStatement]:
    names_by_region: dict[str, set[str]] = defaultdict(set)
    for target in targets:
        if target.endpoint is None:
            names_by_region[target.region].add(target.cluster)
    for i, (region, names) in enumerate(sorted(names_by_region.items())):
        sid = f"Clusters{i or ''}"
        yield describing(names, region=region, partition=partition, account=account, sid=sid)


def describing(
    clusters: AbstractSet[str], *, region: str, partition: str, account: str, sid: str = "Clusters"
) -> iam.PolicyStatement:
    """To ask EKS for the addresses of these clusters."""
    prefix = f"arn:{partition}:eks:{region}:{account}:cluster/"
    return _statement(sid, ["eks:DescribeCluster"], sorted(prefix + name for name in _names_or_pattern(clusters)))


def _names_or_pattern(names: AbstractSet[str]) -> AbstractSet[str]:
    """Names where they fit; else what they begin with. Describing a cluster gives no way into it."""
    if sum(len(name) + _CHARACTERS_OF_AN_ARN for name in names) <= _MOST_CHARACTERS:
        return names
    return {os.path.commonprefix(list(names)) + "*"}  # noqa: RUF071 - character by character, as IAM's * does


def _of_roles(targets: Sequence[Target]) -> Iterator[iam.PolicyStatement]:
    roles = {target.role for target in targets} | {one.role for target in targets for one in target.credentials}
    yield from _divided("Roles", ["sts:AssumeRole"], {role.arn for role in roles if role is not None})


def _divided(name: str, actions: Sequence[str], arns: AbstractSet[str]) -> Iterator[iam.PolicyStatement]:
    """As many statements as the resources need, in a stable order."""
    part: list[str] = []
    number = 1
    for arn in sorted(arns):
        if part and sum(map(len, part)) + len(arn) > _MOST_CHARACTERS:
            yield _statement(f"{name}{number}", actions, part)
            part, number = [], number + 1
        part.append(arn)
    if part:
        yield _statement(f"{name}{number if number > 1 else ''}", actions, part)


def _statement(name: str, actions: Sequence[str], resources: Sequence[str]) -> iam.PolicyStatement:
    # A name keeps CDK from merging it with its neighbours.
    return iam.PolicyStatement(sid=name, actions=list(actions), resources=list(resources))
