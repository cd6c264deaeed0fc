"""What several tests build: a credential, its token, and the objects as an API server gives them back."""

import base64
import copy
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from argo_ecr_auth.authorization_token import AuthorizationToken
from argo_ecr_auth.manifests import config_map_manifest, secret_manifest
from argo_ecr_auth.registry import parse_registry
from argo_ecr_auth.renewal import Reading
from argo_ecr_auth.settings import Settings, load
from argo_ecr_auth.targets import Credential, Target

HOST: Final = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
NOW: Final = datetime(2026, 11, 23, 20, 0, 0, tzinfo=UTC)
PASSWORD: Final = "planted-password-0123456789"
REMOVED: Final = object()


def credential(*, secret_name: str = "ecr-auth") -> Credential:  # noqa: S107 - an object's name
    return Credential(namespace="argocd", secret_name=secret_name, registry=parse_registry(HOST))


def target(name: str = "demo", *, enabled: bool = True) -> Target:
    return Target(
        name=name,
        cluster=name,
        region="eu-west-1",
        enabled=enabled,
        endpoint=None,
        certificate_authority=None,
        credentials=(credential(),),
    )


def token(*, left: timedelta = timedelta(hours=11), password: str = PASSWORD) -> AuthorizationToken:
    return AuthorizationToken(password=password, expires_at=NOW + left)


def settings(**keys: Any) -> Settings:
    """Faultless settings of one target, but for what is given."""
    return load(json.dumps({"targets": [{"cluster": "demo"}], "credentials": [{"registry": HOST}]} | keys).encode())


def secret_there(written: AuthorizationToken | None = None) -> dict[str, Any]:
    """The Secret after a run that wrote this token."""
    return _stored(secret_manifest(credential(), written or token()))


def config_map_there(written: AuthorizationToken | None = None) -> dict[str, Any]:
    """The ConfigMap after a run that wrote this token."""
    return _stored(config_map_manifest(credential(), written or token()))


def there(written: AuthorizationToken | None = None) -> Reading:
    """What is in the cluster after a run that wrote this token."""
    return Reading(secret=secret_there(written), config_map=config_map_there(written))


def edited(manifest: Mapping[str, Any], *path: str, to: Any) -> dict[str, Any]:
    """A copy with the value at this path set, or gone with `to=REMOVED`."""
    copied = copy.deepcopy(dict(manifest))
    place = copied
    for key in path[:-1]:
        place = place.setdefault(key, {})
    if to is REMOVED:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return copied


def b64(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def _stored(manifest: Mapping[str, Any]) -> dict[str, Any]:
    stored = copy.deepcopy(dict(manifest))
    stored["metadata"] |= {
        "uid": "0ad9a37c-0b93-4cbd-8d4e-7b0dc5bd4f7d",
        "resourceVersion": "4711",
        "creationTimestamp": "2026-11-23T19:00:00Z",
        "managedFields": [{"manager": "argo-ecr-auth", "operation": "Apply"}],
    }
    return stored
