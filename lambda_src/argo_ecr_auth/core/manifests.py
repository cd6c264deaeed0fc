"""The Secret and the ConfigMap of a credential, as dicts.

Names, labels and keys of the default kind are those of the original in-cluster tool, so that either can take over from
the other; what Argo CD reads of them is in its util/db/repository_secrets.go.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from argo_ecr_auth.core.authorization_token import USERNAME, AuthorizationToken, fingerprint
from argo_ecr_auth.core.targets import Credential

Manifest = Mapping[str, Any]

FINGERPRINT_ANNOTATION = "argo-ecr-auth/password-fingerprint"
"""On the ConfigMap: which password its expiry speaks of."""

EXPIRY_ANNOTATION = "argo-ecr-auth/expires-at"
"""On the ConfigMap: the expiry as it was written, so that a changed one is noticed."""

SOURCE_ANNOTATION = "argo-ecr-auth/token-source"
"""On the ConfigMap: for which registries and as whom the token was asked for; other settings need another token."""

REFUSED_ANNOTATION = "argo-ecr-auth/refused"
"""On the ConfigMap, where a registry refused the token that was written for want of a living one: what it said."""

FIELD_MANAGER = "argo-ecr-auth"

EXPIRY_KEY = "expireyTime"  # the original tool's spelling

_SECRET_TYPES = {"pull-secret": "kubernetes.io/dockerconfigjson"}
_SECRET_KEYS = {"pull-secret": ".dockerconfigjson"}


@dataclass(frozen=True, kw_only=True)
class Payload:
    """What is secret in a Secret: a password, or the whole docker configuration of a pull-secret; and when it ends."""

    text: str = field(repr=False)
    expires_at: datetime


def make_payload(credential: Credential, tokens: Sequence[AuthorizationToken]) -> Payload:
    """What these tokens, one for each of the registries, make of the Secret; the earliest expiry counts."""
    expires_at = min(token.expires_at for token in tokens)
    if credential.kind != "pull-secret":
        return Payload(text=tokens[0].password, expires_at=expires_at)
    auths = {
        # The bare host as the key: Image Updater and kubelet both find it so.
        registry.host: {"auth": base64.b64encode(f"{USERNAME}:{token.password}".encode()).decode()}
        for registry, token in zip(credential.registries, tokens, strict=True)
    }
    return Payload(text=json.dumps({"auths": auths}, separators=(",", ":")), expires_at=expires_at)


def passwords_in(credential: Credential, text: str) -> Mapping[str, str]:
    """The passwords of a payload by their registry's host; none where it is not one that this kind has."""
    return docker_passwords(text) if credential.kind == "pull-secret" else {credential.registry: text} if text else {}


def docker_passwords(text: str) -> Mapping[str, str]:
    """The passwords of a docker configuration by their registry's host; none of an entry that has none."""
    found = {host: _password_of(entry) for host, entry in _docker_entries(text).items()}
    return {host: password for host, password in found.items() if password}


def docker_secrets(text: str) -> Iterator[str]:
    """All that is secret in a docker configuration, whoever wrote it: as it is written, and the passwords."""
    for entry in _docker_entries(text).values():
        yield from (
            value for key, value in entry.items() if isinstance(value, str) and key not in {"username", "email"}
        )
        yield _password_of(entry)


def _docker_entries(text: str) -> Mapping[str, Mapping[str, Any]]:
    try:
        auths = json.loads(text)["auths"].items()
        return {host: entry for host, entry in auths if isinstance(entry, dict)}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _password_of(entry: Mapping[str, Any]) -> str:
    try:
        return base64.b64decode(entry["auth"]).decode().partition(":")[2]
    except (ValueError, KeyError, TypeError):
        return ""


def secret_type(credential: Credential) -> str:
    """The Secret's type, which cannot be changed once it is there."""
    return _SECRET_TYPES.get(credential.kind, "Opaque")


def secret_key(credential: Credential) -> str:
    """The key of its data that holds the payload."""
    return _SECRET_KEYS.get(credential.kind, "password")


def make_secret_manifest(credential: Credential, payload: Payload) -> Manifest:
    """The Secret. As `data`: server-side apply does not own what `stringData` sets."""
    labels = {} if credential.kind == "pull-secret" else {"argocd.argoproj.io/secret-type": credential.kind}
    values = {**_argo_cd_keys(credential), secret_key(credential): payload.text}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": credential.namespace, "name": credential.secret_name, "labels": labels},
        "type": secret_type(credential),
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in values.items()},
    }


def make_config_map_manifest(credential: Credential, payload: Payload, *, refused: str | None = None) -> Manifest:
    """The ConfigMap that says when the token in the Secret ends; `refused` is what a registry has against it."""
    doubts = {REFUSED_ANNOTATION: refused} if refused else {}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "namespace": credential.namespace,
            "name": credential.secret_name,
            "labels": {"argo-ecr-auth": "managed-resource"},
            "annotations": {
                FINGERPRINT_ANNOTATION: fingerprint(payload.text.encode()),
                EXPIRY_ANNOTATION: format_time(payload.expires_at),
                SOURCE_ANNOTATION: describe_source(credential),
                **doubts,
            },
        },
        "data": {EXPIRY_KEY: format_time(payload.expires_at), "name": credential.registry},
    }


def pin_version(manifest: Manifest, found: Manifest) -> Manifest:
    """The manifest, for an apply that fails where the object is no longer the one that was found."""
    version = found["metadata"]["resourceVersion"]
    return {**manifest, "metadata": {**manifest["metadata"], "resourceVersion": version}}


def describe_source(credential: Credential) -> str:
    """For which registries and as whom a token of this credential is asked for."""
    function = f"the function {credential.function_role_id}" if credential.function_role_id else "the function"
    return f"{credential.registry} as {credential.role.arn if credential.role else function}"


def format_time(moment: datetime) -> str:
    """An aware UTC moment, to the second, as Kubernetes and the original tool write it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _argo_cd_keys(credential: Credential) -> dict[str, str]:
    if credential.kind == "pull-secret":
        return {}
    keys = {
        "url": credential.url,
        "name": credential.name,
        "type": credential.type,
        # Go's ParseBool reads it; a template overwrites a repository's own with it, so that it is never left out.
        "enableOCI": "true",
        "project": credential.project,
        "username": USERNAME,
    }
    return {key: value for key, value in keys.items() if value is not None}
