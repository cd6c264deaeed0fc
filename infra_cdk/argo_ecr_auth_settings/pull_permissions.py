"""Which repositories the tokens of a registry may pull."""

from collections.abc import Mapping
from dataclasses import dataclass

from argo_ecr_auth.core.registry import Registry, parse_registry
from argo_ecr_auth_settings.settings import Settings

_ALL = "*"


@dataclass(frozen=True, kw_only=True)
class Pulls:
    """Repositories, as IAM writes them (`charts/*`), and whether a pull may fill ECR's cache of another registry."""

    repositories: frozenset[str]
    through_cache: bool

    def arns(self, registry: Registry) -> set[str]:
        """The repositories' ARNs. Their account may differ from the function's."""
        prefix = f"arn:{registry.partition.name}:ecr:{registry.region}:{registry.account}:repository/"
        return {prefix + repository for repository in self.repositories}


def collect_pulls(settings: Settings) -> Mapping[Registry, Pulls]:
    """What the function's own role may pull from each registry: all that its credentials name.

    One token serves all credentials of a region, so a narrow credential next to a wider one has no effect.
    """
    found: dict[Registry, Pulls] = {}
    for target in settings.targets:
        for credential in target.credentials or settings.credentials:
            if credential.role_arn:
                continue
            for registry in map(parse_registry, credential.hosts):
                before = found.get(registry, Pulls(repositories=frozenset(), through_cache=False))
                repositories = before.repositories | (set(credential.repositories) or {_ALL})
                found[registry] = Pulls(
                    repositories=frozenset({_ALL}) if _ALL in repositories else repositories,
                    through_cache=before.through_cache or credential.pull_through_cache,
                )
    return found
