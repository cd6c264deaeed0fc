"""Warns about risks of valid settings, and estimates what the expensive one costs."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

from argo_ecr_auth_settings.credential_settings import CredentialSettings
from argo_ecr_auth_settings.document import format_path
from argo_ecr_auth_settings.documentation import make_link
from argo_ecr_auth_settings.settings import Settings, TargetSettings, list_credentials

SAFE_SETTING = "kind: argo-cd"
"""Serves everything that Argo CD requests from a registry, and Argo CD sends its token to no other host."""

MIGRATION = make_link("credentials", "migrating-to-kind-argo-cd")
USE_SAFE_SETTING = f"use {SAFE_SETTING} for the registry instead; how to migrate: {MIGRATION}"

_MAX_PATHS = 5

_METRICS_PER_TARGET = 5
# Of a custom metric in us-east-1 (Amazon CloudWatch pricing).
_FIRST_METRICS, _PRICE, _PRICE_OF_MORE = 10_000, 0.30, 0.10


@dataclass(frozen=True, kw_only=True)
class Risk:
    """A kind of Secret whose token Argo CD may send elsewhere, and for what Argo CD would send it."""

    what: str
    when: str

    def describe(self, token: str) -> str:
        """Where Argo CD sends this token."""
        return f"Argo CD also sends {token} to hosts that only look like the registry, {self.when}"


# Argo CD matches both with a chart's dependencies by prefix, in both directions (argo-cd, getHelmRepos in
# reposerver/repository/repository.go).
NAMED = Risk(what="a repository with a name", when="for a chart in git that depends on such a host")
OCI = Risk(what="a repository of type oci", when="for a chart that depends on such a host")


def find_warnings(settings: Settings, *, account: str | None = None, region: str | None = None) -> tuple[str, ...]:
    """One line per risk, however many credentials have it. `account` and `region` are the function's, if known."""
    named = _find(settings, lambda credential: credential.kind == "repository" and credential.name is not None)
    oci = _find(settings, lambda credential: credential.kind == "repository" and credential.type == "oci")
    leaks = tuple(
        f"{paths}: {risk.what}: {risk.describe('its token')}; {USE_SAFE_SETTING}"
        for paths, risk in ((named, NAMED), (oci, OCI))
        if paths
    )
    return (*leaks, *_find_shared_clusters(settings, account=account, region=region))


def _find_shared_clusters(settings: Settings, *, account: str | None, region: str | None) -> Iterator[str]:
    """Targets that write one Secret if the function's account or region, unknown here, is the one that one of them has.

    The rules report those that write one Secret in any case.
    """
    if account and region:
        return
    writers: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for i, target in enumerate(settings.targets):
        for credential in target.credentials or settings.credentials:
            for namespace in credential.list_namespaces(default=target.namespace):
                for secret in credential.secrets:
                    writers[target.cluster, namespace, secret.name].append(i)

    def may_be_one(first: TargetSettings, second: TargetSettings) -> bool:
        places = ((first.account, second.account, account), (first.region, second.region, region))
        return all(a == b or None in {a or home, b or home} for a, b, home in places)

    pairs = {pair for indexes in writers.values() for pair in combinations(sorted(set(indexes)), 2)}
    for i, j in sorted(pairs):
        if may_be_one(settings.targets[i], settings.targets[j]):
            yield (
                f"targets[{j}]: is the cluster of targets[{i}], whose Secret it writes, if the function is in that "
                "account and region: give both targets their account and region"
            )


def _find(settings: Settings, applies: Callable[[CredentialSettings], bool]) -> str:
    paths = [format_path(path) for path, credential in list_credentials(settings) if applies(credential)]
    more = len(paths) - _MAX_PATHS
    return ", ".join(paths[:_MAX_PATHS]) + (f" and {more} more" if more > 0 else "")


def describe_price_of_metrics(settings: Settings) -> str | None:
    """What `per_target_metrics` cost in US dollars a month, None without them. docs/costs.md has all prices."""
    if not settings.per_target_metrics:
        return None
    targets = sum(target.enabled for target in settings.targets)
    metrics = _METRICS_PER_TARGET * targets
    price = min(metrics, _FIRST_METRICS) * _PRICE + max(metrics - _FIRST_METRICS, 0) * _PRICE_OF_MORE
    return (
        f"per_target_metrics: {_METRICS_PER_TARGET} metrics for each of {targets} targets cost about {price:,.0f} USD "
        f"a month; see {make_link('costs', 'prices')}"
    )
