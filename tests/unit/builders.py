"""What several tests build: credentials, what they hold, and the objects as an API server gives them back."""

import base64
import copy
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import pytest

from argo_ecr_auth.core.authorization_token import AuthorizationToken
from argo_ecr_auth.core.manifests import Payload, make_config_map_manifest, make_payload, make_secret_manifest
from argo_ecr_auth.core.observed import ObservedState
from argo_ecr_auth.core.registry import parse_registry
from argo_ecr_auth.core.targets import Credential, Target
from argo_ecr_auth_settings.settings import Settings
from argo_ecr_auth_settings.validation import find_faults

HOST: Final = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
OTHER_HOST: Final = "210987654321.dkr.ecr.us-east-1.amazonaws.com"
NOW: Final = datetime(2026, 11, 23, 20, 0, 0, tzinfo=UTC)
PASSWORD: Final = "planted-password-0123456789"
REMOVED: Final = object()


def credential(**others: Any) -> Credential:
    """A credential of the original tool's shape, but for what is given."""
    default = Credential(
        namespace="argocd", secret_name="ecr-auth", registries=(parse_registry(HOST),), url=HOST, name="ecr"
    )
    return replace(default, **others)


def pull_secret(*hosts: str) -> Credential:
    registries = tuple(parse_registry(host) for host in hosts or (HOST,))
    return credential(kind="pull-secret", registries=registries, type=None, url=None, name=None)


KINDS: Final = {
    "repository-helm": credential(),
    "repository-nameless": credential(name=None),
    "repository-oci": credential(type="oci", url=f"oci://{HOST}/charts/app", project="team-a"),
    "repo-creds-helm": credential(kind="repo-creds", url=f"{HOST}/", name=None),
    "repo-creds-oci": credential(kind="repo-creds", type="oci", url=f"oci://{HOST}/", name=None),
    "kargo-image": credential(kind="kargo-image", type=None, url=None, name=None),
    "kargo-helm": credential(kind="kargo-helm", type=None, url=None, name=None),
    "pull-secret": pull_secret(),
    "pull-secret-of-two": pull_secret(HOST, OTHER_HOST),
}
"""Each kind of credential, as the settings with the fewest keys that show it are resolved."""

EACH_KIND: Final = pytest.mark.parametrize("of", KINDS.values(), ids=KINDS)


def target(name: str = "demo", *, enabled: bool = True) -> Target:
    return Target(
        name=name,
        cluster=name,
        region="eu-west-1",
        enabled=enabled,
        endpoint=None,
        certificate_authority=None,
        credentials=(credential(),),
        check_every=timedelta(minutes=2),
    )


def token(*, left: timedelta = timedelta(hours=11), password: str = PASSWORD) -> AuthorizationToken:
    return AuthorizationToken(password=password, expires_at=NOW + left)


def payload(
    *,
    of: Credential | None = None,
    left: timedelta = timedelta(hours=11),
    lifetime: timedelta = timedelta(hours=12),
    password: str = PASSWORD,
    refused: bool = False,
) -> Payload:
    """The payload of a credential with one and the same token for each of its registries."""
    of = of or credential()
    tokens = {registry: token(left=left, password=password) for registry in of.registries}
    return make_payload(of, tokens, now=NOW + left - lifetime, refused=refused)


def settings(**keys: Any) -> Settings:
    """Faultless settings of one target, but for what is given."""
    document = {"targets": [{"cluster": "demo"}], "credentials": [{"registry": HOST}]} | keys
    return msgspec.json.decode(json.dumps(document).encode(), type=Settings)


def list_faults(settings: Settings) -> list[str]:
    """The faults as text: `PATH: TEXT`."""
    return [str(fault) for fault in find_faults(settings)]


def secret_there(written: Payload | None = None, *, of: Credential | None = None) -> dict[str, Any]:
    """The Secret after a run that wrote this."""
    return _stored(make_secret_manifest(of or credential(), written or payload(of=of)))


def config_map_there(written: Payload | None = None, *, of: Credential | None = None) -> dict[str, Any]:
    """The ConfigMap after a run that wrote this."""
    return _stored(make_config_map_manifest(of or credential(), written or payload(of=of)))


def there(written: Payload | None = None, *, of: Credential | None = None) -> ObservedState:
    """What is in the cluster after a run that wrote this."""
    return ObservedState(secret=secret_there(written, of=of), config_map=config_map_there(written, of=of))


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


def with_secret(*path: str, to: Any, of: Credential | None = None) -> ObservedState:
    """What is in the cluster, with another value at this path of the Secret."""
    return ObservedState(secret=edited(secret_there(of=of), *path, to=to), config_map=config_map_there(of=of))


def with_config_map(*path: str, to: Any, of: Credential | None = None) -> ObservedState:
    """What is in the cluster, with another value at this path of the ConfigMap."""
    return ObservedState(secret=secret_there(of=of), config_map=edited(config_map_there(of=of), *path, to=to))


def b64(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def _stored(manifest: Mapping[str, Any]) -> dict[str, Any]:
    stored = copy.deepcopy(dict(manifest))
    stored["metadata"] |= {
        "uid": "0ad9a37c-0b93-4cbd-8d4e-7b0dc5bd4f7d",
        "resourceVersion": "4711",
        "creationTimestamp": "2026-11-23T19:00:00Z",
        "managedFields": [{"manager": "argo-ecr-auth", "operation": "Apply", "fieldsV1": _own_all(stored)}],
    }
    return stored


def _own_all(stored: Mapping[str, Any]) -> dict[str, Any]:
    """A field manager's fields: every label, annotation and key of the data (Kubernetes, Server-Side Apply)."""

    def own(keys: Mapping[str, Any] | None) -> dict[str, Any]:
        return {f"f:{key}": {} for key in keys or ()}

    metadata = {f"f:{part}": own(stored["metadata"].get(part)) for part in ("labels", "annotations")}
    return {"f:metadata": metadata, "f:data": own(stored["data"])}
