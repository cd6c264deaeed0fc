"""What settings without faults still do that their owner should know."""

from collections.abc import Callable

from argo_ecr_auth_settings.settings import CredentialSettings, Settings, list_credentials

SAFE_SETTING = "kind: argo-cd"
"""Serves whatever Argo CD can ask of a registry, and Argo CD sends its token to no other host."""


def find_warnings(settings: Settings) -> tuple[str, ...]:
    """One line for each sort of doubt, however many credentials it is about.

    Argo CD matches the repositories that have a name, and those of type oci, with a chart's dependencies by the
    beginning of the text, in both directions (argo-cd, getHelmRepos in reposerver/repository/repository.go).
    """
    named = _find(settings, lambda credential: credential.kind == "repository" and credential.name is not None)
    oci = _find(settings, lambda credential: credential.kind == "repository" and credential.type == "oci")
    doubts = [
        (named, "a repository with a name", "for a chart in git that depends on such a host"),
        (oci, "a repository of type oci", "for a chart that depends on such a host"),
    ]
    return tuple(
        f"{paths}: {what} lets Argo CD send the token to hosts that only look like the registry, {when}. "
        f"Use {SAFE_SETTING} instead; docs/credentials.md says how to change over"
        for paths, what, when in doubts
        if paths
    )


def _find(settings: Settings, applies: Callable[[CredentialSettings], bool]) -> str:
    paths = [path for path, credential in list_credentials(settings) if applies(credential)]
    more = len(paths) - _MAX_PATHS
    return ", ".join(paths[:_MAX_PATHS]) + (f" and {more} more" if more > 0 else "")


_MAX_PATHS = 5
