"""The permissions of the function's role: exactly what a run needs with these settings."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from argo_ecr_auth.core.registry import Registry
from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_settings.pull_permissions import Pulls

# What a pull needs. ListImages is for charts whose version is a range.
_PULL = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:ListImages",
)
# What the first pull of an image through ECR's cache also needs (Amazon ECR User Guide, pull through cache).
_PULL_THROUGH_CACHE = ("ecr:BatchImportUpstreamImage", "ecr:CreateRepository")

# A managed policy has at most 6,144 characters, and a role at most ten policies (IAM quotas). CDK spreads a role's
# statements over them but does not split a statement, so each statement stays well below the limit.
_MAX_CHARACTERS = 4_000
# In all regions together. The rest is for roles and repositories, which have no shorter form.
_MAX_CHARACTERS_OF_CLUSTERS = 8_000
_CHARACTERS_OF_AN_ARN = 55  # without the cluster's name


@dataclass(frozen=True, kw_only=True)
class Statement:
    """An IAM policy statement that allows actions on resources, under conditions."""

    sid: str  # keeps CDK from merging it with its neighbors
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def make_statements(
    targets: Sequence[Target], *, pulls: Mapping[Registry, Pulls], partition: str, account: str
) -> list[Statement]:
    """The statements of the function's role, without what it does under other roles.

    `pulls` says what the tokens of the function's own role may pull. `partition` and `account` are the stack's and may
    be CDK tokens.
    """
    return [
        *_allow_registries(pulls),
        *_allow_clusters([target for target in targets if target.role is None], partition=partition, account=account),
        *_allow_roles(targets),
    ]


def _allow_registries(pulls: Mapping[Registry, Pulls]) -> Iterator[Statement]:
    public = [registry for registry in pulls if registry.public]
    pulls = {registry: pull for registry, pull in pulls.items() if not registry.public}
    if public:
        # A public image needs only a token (Amazon ECR Public User Guide, registry authentication).
        yield _statement("PublicToken", ["ecr-public:GetAuthorizationToken"], ["*"])
        yield Statement(
            sid="PublicBearerToken",
            actions=("sts:GetServiceBearerToken",),
            resources=("*",),
            conditions={"StringEquals": {"sts:AWSServiceName": "ecr-public.amazonaws.com"}},
        )
    if not pulls:
        return
    # The action takes no resource (Service Authorization Reference, Amazon ECR).
    yield _statement("Token", ["ecr:GetAuthorizationToken"], ["*"])
    # A token has the permissions of the role that requested it. Without these, Argo CD could log in but not pull.
    yield from _divide("Pull", _PULL, {arn for registry, pull in pulls.items() for arn in pull.arns(registry)})
    through_cache = {registry: pull for registry, pull in pulls.items() if pull.through_cache}
    yield from _divide(
        "PullThroughCache",
        _PULL_THROUGH_CACHE,
        {arn for registry, pull in through_cache.items() for arn in pull.arns(registry)},
    )


def _allow_clusters(targets: Sequence[Target], *, partition: str, account: str) -> Iterator[Statement]:
    names_by_region: dict[str, set[str]] = defaultdict(set)
    for target in targets:
        if target.endpoint is None:
            names_by_region[target.region].add(target.cluster)
    patterned = _find_patterned_regions(names_by_region)
    for i, (region, names) in enumerate(sorted(names_by_region.items())):
        given = _make_pattern(names) if region in patterned else names
        yield _make_describe_statement(
            given, region=region, partition=partition, account=account, sid=f"Clusters{i or ''}"
        )


def make_describe_statement(clusters: AbstractSet[str], *, region: str, partition: str, account: str) -> Statement:
    """The permission to describe these clusters."""
    given = _make_pattern(clusters) if _find_patterned_regions({region: clusters}) else clusters
    return _make_describe_statement(given, region=region, partition=partition, account=account, sid="Clusters")


def _make_describe_statement(
    names: AbstractSet[str], *, region: str, partition: str, account: str, sid: str
) -> Statement:
    prefix = f"arn:{partition}:eks:{region}:{account}:cluster/"
    return _statement(sid, ["eks:DescribeCluster"], sorted(prefix + name for name in names))


def _find_patterned_regions(names_by_region: Mapping[str, AbstractSet[str]]) -> AbstractSet[str]:
    """The regions whose cluster names do not fit into the policies, starting with the longest lists."""
    sizes = {
        region: sum(len(name) + _CHARACTERS_OF_AN_ARN for name in names) for region, names in names_by_region.items()
    }
    left = _MAX_CHARACTERS_OF_CLUSTERS
    patterned = set()
    for region, size in sorted(sizes.items(), key=lambda item: (item[1], item[0])):
        if size > min(left, _MAX_CHARACTERS):
            patterned.add(region)
        else:
            left -= size
    return patterned


def _make_pattern(names: AbstractSet[str]) -> AbstractSet[str]:
    """The common beginning of the names. It is safe: describing a cluster gives no access to it."""
    return {os.path.commonprefix(list(names)) + "*"}  # noqa: RUF071 - character by character, as IAM's * does


def _allow_roles(targets: Sequence[Target]) -> Iterator[Statement]:
    roles = {target.role for target in targets}
    roles |= {credential.role for target in targets for credential in target.credentials}
    yield from _divide("Roles", ["sts:AssumeRole"], {role.arn for role in roles if role is not None})


def _divide(name: str, actions: Sequence[str], arns: AbstractSet[str]) -> Iterator[Statement]:
    """Divide the resources between as many statements as they need, in a stable order."""
    part: list[str] = []
    number = 1
    for arn in sorted(arns):
        if part and sum(map(len, part)) + len(arn) > _MAX_CHARACTERS:
            yield _statement(f"{name}{number}", actions, part)
            part, number = [], number + 1
        part.append(arn)
    if part:
        yield _statement(f"{name}{number if number > 1 else ''}", actions, part)


def _statement(name: str, actions: Sequence[str], resources: Sequence[str]) -> Statement:
    return Statement(sid=name, actions=tuple(actions), resources=tuple(resources))
