"""The Secret and the ConfigMap of a credential, as dicts.

Names, labels and keys of the default kind are those of the original in-cluster tool, so that either can take over from
the other; what Argo CD reads of them is in its util/db/repository_secrets.go.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from argo_ecr_auth.core.authorization_token import USERNAME, AuthorizationToken
from argo_ecr_auth.core.kinds import ARGO_CD_KEYS, KINDS, SECRET_TYPE_LABEL
from argo_ecr_auth.core.registry import Registry
from argo_ecr_auth.core.targets import Credential
from argo_ecr_auth.core.timestamps import EXPIRY_KEY, format_time

Manifest = Mapping[str, Any]

FINGERPRINT_ANNOTATION = "argo-ecr-auth/fingerprint"
"""On the ConfigMap: vouches for the password together with all that the ConfigMap says of it."""

SOURCE_ANNOTATION = "argo-ecr-auth/token-source"
"""On the ConfigMap: the registries and the role that the token was requested for. Other settings need a new token."""

VERIFIED_ANNOTATION = "argo-ecr-auth/verified"
"""On the ConfigMap, `"false"`: a registry refused the token or gave none, and the cluster had no better one."""

CONFIG_MAP_LABEL, CONFIG_MAP_LABEL_VALUE = "argo-ecr-auth", "managed-resource"

FIELD_MANAGER = "argo-ecr-auth"


@dataclass(frozen=True, kw_only=True)
class Payload:
    """The secret part of a Secret, a password or a pull-secret's docker configuration, and what is known of it."""

    text: str = field(repr=False)
    expires_at: datetime
    source: str  # as SOURCE_ANNOTATION has it
    refused: bool = False  # by its registry; or one of several registries gave no token

    @property
    def fingerprint(self) -> str:
        """Recognizes the payload as a whole: whoever does not know the password cannot make one for another expiry.

        It does not give the password away: the hundreds of random bytes of a token cannot be guessed.
        """
        known = [self.text, format_time(self.expires_at), self.source, self.refused]
        return "sha256:" + hashlib.sha256(json.dumps(known).encode()).hexdigest()[:32]


def make_payload(
    credential: Credential, tokens: Mapping[Registry, AuthorizationToken], *, refused: bool = False
) -> Payload:
    """The payload that holds these tokens, one for each registry that gave one; it expires with the first of them."""
    expires_at = min(token.expires_at for token in tokens.values())
    if not KINDS[credential.kind].for_argo_cd:
        text = _format_docker_config({registry.host: _make_login(token.password) for registry, token in tokens.items()})
    else:
        (token,) = tokens.values()
        text = token.password
    return Payload(text=text, expires_at=expires_at, source=describe_source(credential), refused=refused)


def keep_logins(payload: Payload, *, credential: Credential, secret: Manifest | None) -> Payload:
    """The payload, with what the Secret holds for those of the credential's registries that gave no token now.

    An incomplete payload is marked, so that each run tries again. Until then a login that may be valid serves better
    than none.
    """
    if KINDS[credential.kind].for_argo_cd:
        return payload
    logins, found = _read_docker_config(payload.text), _read_docker_config(read_payload_text(secret, credential))
    hosts = [registry.host for registry in credential.registries]
    kept = {host: found[host] for host in hosts if host in found and host not in logins}
    return replace(payload, text=_format_docker_config({**logins, **kept}))


def secret_type(credential: Credential) -> str:
    """The Secret's type, which cannot be changed once it is there."""
    return KINDS[credential.kind].secret_type


def payload_key(credential: Credential) -> str:
    """The key of its data that holds the payload."""
    return KINDS[credential.kind].payload_key


def decode_value(text: object) -> bytes:
    """A value of a Secret's data, nothing where it is not base64."""
    try:
        return base64.b64decode(text) if isinstance(text, str) else b""
    except ValueError:
        return b""


def read_payload_text(secret: Manifest | None, credential: Credential) -> str:
    """What a Secret holds under the payload's key, nothing where that is not text."""
    try:
        return decode_value(((secret or {}).get("data") or {}).get(payload_key(credential))).decode()
    except UnicodeDecodeError:
        return ""


def make_secret_manifest(credential: Credential, payload: Payload) -> Manifest:
    """The Secret. As `data`: server-side apply does not own what `stringData` sets."""
    own = {SECRET_TYPE_LABEL: credential.kind} if KINDS[credential.kind].for_argo_cd else {}
    labels = {**credential.labels, **own}
    annotations = {"annotations": credential.annotations} if credential.annotations else {}
    values = {**_argo_cd_keys(credential), payload_key(credential): payload.text}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "namespace": credential.namespace,
            "name": credential.secret_name,
            "labels": labels,
            **annotations,
        },
        "type": secret_type(credential),
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in values.items()},
    }


def make_config_map_manifest(credential: Credential, payload: Payload) -> Manifest:
    """The ConfigMap that says when the token in the Secret expires, and vouches for it."""
    mark = {VERIFIED_ANNOTATION: "false"} if payload.refused else {}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "namespace": credential.namespace,
            "name": credential.secret_name,
            "labels": {CONFIG_MAP_LABEL: CONFIG_MAP_LABEL_VALUE},
            "annotations": {FINGERPRINT_ANNOTATION: payload.fingerprint, SOURCE_ANNOTATION: payload.source, **mark},
        },
        "data": {EXPIRY_KEY: format_time(payload.expires_at), "name": credential.registry},
    }


def list_foreign_keys(secret: Manifest | None, manifest: Manifest) -> list[str]:
    """The keys that Argo CD reads from a Secret of its kinds and that its manifest does not have."""
    if SECRET_TYPE_LABEL not in manifest["metadata"]["labels"]:
        return []
    found = ((secret or {}).get("data") or {}).keys()
    return sorted((ARGO_CD_KEYS & found) - manifest["data"].keys())


def require_version(manifest: Manifest, found: Manifest) -> Manifest:
    """The manifest for an apply that fails where the object is no longer the one that was found."""
    version = found["metadata"]["resourceVersion"]
    return {**manifest, "metadata": {**manifest["metadata"], "resourceVersion": version}}


def describe_source(credential: Credential) -> str:
    """For which registries and by which role a token of this credential is requested."""
    function = f"the function {credential.function_role_id}" if credential.function_role_id else "the function"
    return f"{credential.registry} as {credential.role.arn if credential.role else function}"


def is_source_of(source: str, credential: Credential) -> bool:
    """Whether a token of this source serves the credential.

    Who does not know the id of the function's role, such as an operator, takes any function for the right one.
    """
    expected = describe_source(credential)
    unknown_id = credential.role is None and credential.function_role_id is None
    return source == expected or (unknown_id and source.startswith(f"{expected} "))


def _argo_cd_keys(credential: Credential) -> dict[str, str]:
    if not KINDS[credential.kind].for_argo_cd:
        return {}
    keys = {
        "url": credential.url,
        "name": credential.name,
        "type": credential.type,
        # Go's ParseBool reads it; a template overwrites a repository's own with it, so that it is never left out.
        "enableOCI": "true",
        "project": credential.project,
        "proxy": credential.proxy,
        "noProxy": credential.no_proxy,
        "username": USERNAME,
    }
    return {key: value for key, value in keys.items() if value is not None}


def _make_login(password: str) -> str:
    """The login of a host, as docker's `auth` has it."""
    return base64.b64encode(f"{USERNAME}:{password}".encode()).decode()


def _format_docker_config(logins: Mapping[str, str]) -> str:
    """A pull-secret's text. The bare host is the key: Image Updater and kubelet both find it so."""
    return json.dumps({"auths": {host: {"auth": login} for host, login in logins.items()}}, separators=(",", ":"))


def _read_docker_config(text: str) -> dict[str, str]:
    """A pull-secret's logins by their hosts; none where the text has not this shape, whoever wrote it."""
    try:
        logins = {host: entry["auth"] for host, entry in json.loads(text)["auths"].items()}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}
    return {host: login for host, login in logins.items() if isinstance(login, str)}
