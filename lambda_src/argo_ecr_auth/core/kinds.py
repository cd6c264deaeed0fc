"""The kinds of Secret that a credential can be, and how they differ.

A new kind begins here; a shape of its own goes into manifests.py.

What Argo CD reads of its two kinds is in its util/db/repository_secrets.go.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["repository", "repo-creds", "pull-secret"]


@dataclass(frozen=True, kw_only=True)
class SecretKind:
    """What a kind of Secret holds, and which keys of the settings have no meaning for it."""

    for_argo_cd: bool  # with Argo CD's label and keys, and a password; otherwise a docker configuration
    secret_type: str
    payload_key: str  # of the Secret's data
    meaningless_settings: tuple[str, ...]

    def takes(self, setting: str) -> bool:
        """Whether a key of the settings has a meaning for this kind."""
        return setting not in self.meaningless_settings


KINDS: Mapping[Kind, SecretKind] = {
    "repository": SecretKind(
        for_argo_cd=True,
        secret_type="Opaque",  # noqa: S106 - a type
        payload_key="password",
        meaningless_settings=("registries",),
    ),
    "repo-creds": SecretKind(
        for_argo_cd=True,
        secret_type="Opaque",  # noqa: S106 - a type
        payload_key="password",
        meaningless_settings=("registries", "name", "project"),
    ),
    "pull-secret": SecretKind(
        for_argo_cd=False,
        secret_type="kubernetes.io/dockerconfigjson",  # noqa: S106 - a type
        payload_key=".dockerconfigjson",
        meaningless_settings=("type", "url", "name", "project"),
    ),
}
