"""Searches accounts and regions for EKS clusters, with the operator's permissions or a role in each account."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from argo_ecr_auth.aws.sessions import Principal
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.targets import Role
from argo_ecr_auth_cli.aws_session import Operator
from argo_ecr_auth_cli.concurrency import map_concurrently
from argo_ecr_auth_cli.discovery.changes import TAG, ClusterKey, FoundCluster, Place
from argo_ecr_auth_settings.names import format_role_arn

_MAX_PAGES = 1_000  # of 100 clusters or 20 accounts
_PAGE = 100  # clusters; the most that EKS gives


@dataclass(frozen=True, kw_only=True)
class SearchRole:
    """The role to assume in each account but the operator's own."""

    name: str
    external_id: str | None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one place has; with an error, nothing is known of it."""

    place: Place
    clusters: tuple[FoundCluster, ...] = ()
    error: SyncError | None = None


def list_accounts(operator: Operator, *, region: str) -> list[str]:
    """The active accounts of the operator's organization. Raises SyncError."""
    pages = _list_pages(
        operator.sessions.as_role(None),
        ("organizations", "list_accounts"),
        region=region,
        doing="list the organization's accounts",
        permission="organizations:ListAccounts",
        token="NextToken",  # noqa: S106 - a parameter's name
    )
    accounts = [account for page in pages for account in page.get("Accounts", ())]
    return sorted(account["Id"] for account in accounts if account.get("State", account.get("Status")) == "ACTIVE")


def search(
    places: Sequence[Place], *, operator: Operator, role: SearchRole | None, done: Callable[[], None]
) -> list[Answer]:
    """The clusters of each place. A place that cannot be read as a whole has an error instead."""

    def search_place(place: Place) -> Answer:
        try:
            principal = operator.sessions.as_role(_choose_role(place, operator=operator, role=role))
            return Answer(place=place, clusters=tuple(_read_clusters(principal, place)))
        except SyncError as error:
            return Answer(place=place, error=error)

    return map_concurrently(search_place, places, done=done)


def _choose_role(place: Place, *, operator: Operator, role: SearchRole | None) -> Role | None:
    if place.account == operator.account:
        return None
    if role is None:
        raise SyncError(
            failed=f"your credentials are for {operator.account or 'an unknown account'}",
            remedy="pass --role, a role to assume in each other account",
        )
    arn = format_role_arn(role.name, account=place.account, region=place.region)
    return Role(arn=arn, external_id=role.external_id)


def _read_clusters(principal: Principal, place: Place) -> Iterator[FoundCluster]:
    pages = _list_pages(
        principal,
        ("eks", "list_clusters"),
        region=place.region,
        doing=f"list the EKS clusters in {place.region}",
        permission="eks:ListClusters",
        token="nextToken",  # noqa: S106 - a parameter's name
        maxResults=_PAGE,
    )
    for name in [name for page in pages for name in page.get("clusters", ())]:
        if cluster := _describe(principal, name, place=place):
            yield FoundCluster(
                key=ClusterKey(account=place.account, region=place.region, name=name),
                status=cluster.get("status", "unknown"),
                authentication_mode=cluster.get("accessConfig", {}).get("authenticationMode", "CONFIG_MAP"),
                profile=cluster.get("tags", {}).get(TAG),
            )


def _describe(principal: Principal, name: str, *, place: Place) -> Mapping[str, Any] | None:
    """The cluster, None if it was deleted in the meantime. Raises SyncError."""
    doing = f"describe an EKS cluster in {place.region}"
    try:
        answer = principal.call(
            "eks",
            "describe_cluster",
            region=place.region,
            doing=doing,
            permission="eks:DescribeCluster",
            parameters={"name": name},
        )
    except SyncError as error:
        if getattr(error, "code", None) == "ResourceNotFoundException":
            return None
        raise
    cluster: Mapping[str, Any] | None = answer.get("cluster")
    if cluster is None or cluster.get("name") != name:
        raise SyncError(failed=f"cannot {doing}", why="the response describes another one")
    return cluster


def _list_pages(
    principal: Principal,
    operation: tuple[str, str],
    *,
    region: str,
    doing: str,
    permission: str,
    token: str,
    **parameters: Any,
) -> Iterator[Mapping[str, Any]]:
    for _ in range(_MAX_PAGES):
        page = principal.call(*operation, region=region, doing=doing, permission=permission, parameters=parameters)
        yield page
        if not page.get(token):
            return
        parameters[token] = page[token]
    raise SyncError(failed=f"cannot {doing}", why=f"more than {_MAX_PAGES:,} pages")
