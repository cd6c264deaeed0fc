"""The function's part of the settings, as the file in its asset."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from argo_ecr_auth.core.field_types import REPOSITORY
from argo_ecr_auth.core.registry import PUBLIC_HOSTS
from argo_ecr_auth.core.settings import CredentialSettings, Settings, TargetSettings
from argo_ecr_auth_settings.settings import DeployedCredentialSettings, DeploymentSettings


def encode_function_settings(settings: DeploymentSettings) -> bytes:
    """As JSON in a stable order, so that a changed deployment key does not change the asset."""
    document = _only(Settings, settings) | {
        "credentials": _encode_credentials(settings.credentials),
        "targets": [
            _only(TargetSettings, target) | {"credentials": _encode_credentials(target.credentials)}
            for target in settings.targets
        ],
    }
    return msgspec.json.format(msgspec.json.encode(document, order="sorted"), indent=2)


def _encode_credentials(credentials: Iterable[DeployedCredentialSettings]) -> list[dict[str, Any]]:
    return [_only(CredentialSettings, _add_verify_repository(credential)) for credential in credentials]


def _add_verify_repository(credential: DeployedCredentialSettings) -> DeployedCredentialSettings:
    """The credential with a repository that a new token should be able to list: the first of its own.

    A login does not show that the right to pull is missing. Without one where the repository may not exist yet.
    """
    names = [name for name in credential.repositories if re.fullmatch(REPOSITORY, name)]
    logs_in_at_one = credential.verify == "login" and credential.registry not in {None, *PUBLIC_HOSTS}
    if not names or not logs_in_at_one or credential.verify_repository or credential.pull_through_cache:
        return credential
    return msgspec.structs.replace(credential, verify_repository=names[0])


def _only(base: type[msgspec.Struct], settings: msgspec.Struct) -> dict[str, Any]:
    """The keys that the base type knows and that are given."""
    document = msgspec.to_builtins(settings)
    return {key: document[key] for key in base.__struct_fields__ if document[key] is not None}
