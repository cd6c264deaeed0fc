"""Warns about risks of valid settings."""

from collections.abc import Callable

from argo_ecr_auth_settings.credential_settings import CredentialSettings
from argo_ecr_auth_settings.settings import Settings, list_credentials

SAFE_SETTING = "kind: argo-cd"
"""Serves everything that Argo CD requests from a registry, and Argo CD sends its token to no other host."""


def find_warnings(settings: Settings) -> tuple[str, ...]:
    """One line per risk, however many credentials have it.

    Argo CD matches named repositories, and those of type oci, with a chart's dependencies by prefix, in both directions
    (argo-cd, getHelmRepos in reposerver/repository/repository.go).
    """
    named = _find(settings, lambda credential: credential.kind == "repository" and credential.name is not None)
    oci = _find(settings, lambda credential: credential.kind == "repository" and credential.type == "oci")
    risks = [
        (named, "a repository with a name", "for a chart in git that depends on such a host"),
        (oci, "a repository of type oci", "for a chart that depends on such a host"),
    ]
    return tuple(
        f"{paths}: {what} lets Argo CD send the token to hosts that only look like the registry, {when}. "
        f"Use {SAFE_SETTING} instead; docs/credentials.md says how to migrate"
        for paths, what, when in risks
        if paths
    )


def _find(settings: Settings, applies: Callable[[CredentialSettings], bool]) -> str:
    paths = [path for path, credential in list_credentials(settings) if applies(credential)]
    more = len(paths) - _MAX_PATHS
    return ", ".join(paths[:_MAX_PATHS]) + (f" and {more} more" if more > 0 else "")


_MAX_PATHS = 5
