"""The Secret and the ConfigMap of a credential, as dicts.

Names, labels and keys of the default kind are those of the original in-cluster tool, so that either can take over from
the other; what Argo CD reads of them is in its util/db/repository_secrets.go.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
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
"""On the ConfigMap: the registries and the role that the token was requested for. Another role needs a new token."""

LIFETIME_ANNOTATION = "argo-ecr-auth/lifetime-seconds"
"""On the ConfigMap: how long the token was still valid when it was written."""

VERIFIED_ANNOTATION = "argo-ecr-auth/verified"
"""On the ConfigMap, `"false"`: a registry refused the token or gave none, and the cluster had no better one."""

TOKEN_ANNOTATIONS = (FINGERPRINT_ANNOTATION, SOURCE_ANNOTATION, LIFETIME_ANNOTATION, VERIFIED_ANNOTATION)
"""All that describe the token."""

CONFIG_MAP_LABEL, CONFIG_MAP_LABEL_VALUE = "argo-ecr-auth", "managed-resource"

FIELD_MANAGER = "argo-ecr-auth"

_VERSION_OF_NONE = "1"  # etcd's first revision, before any object


@dataclass(frozen=True, kw_only=True)
class Payload:
    """The secret part of a Secret, a password or a pull-secret's docker configuration, and what is known of it."""

    text: str = field(repr=False)
    expires_at: datetime
    lifetime: timedelta  # what was left of it when it was written, in whole seconds
    source: str  # as SOURCE_ANNOTATION has it
    refused: bool = False  # by its registry; or one of several registries gave none that is accepted

    @property
    def fingerprint(self) -> str:
        """Recognizes the payload as a whole: whoever does not know the password cannot make one for another expiry.

        It does not give the password away: the hundreds of random bytes of a token cannot be guessed.
        """
        known = [self.text, format_time(self.expires_at), format_lifetime(self.lifetime), self.source, self.refused]
        return "sha256:" + hashlib.sha256(json.dumps(known).encode()).hexdigest()[:32]


NO_TOKEN = Payload(text="", expires_at=datetime.min.replace(tzinfo=UTC), lifetime=timedelta(), source="")
"""For manifests of which everything but the token is of interest."""


def make_payload(
    credential: Credential,
    tokens: Mapping[Registry, AuthorizationToken],
    *,
    now: datetime,
    kept: Payload | None = None,
    found: str = "",
    refused: bool = False,
) -> Payload:
    """The payload that holds these tokens; a pull-secret's other logins are those of `kept`, else those of `found`.

    It expires with the first of its tokens. When a login of `found` expires, nobody knows: it only serves better than
    none.
    """
    expiries = [token.expires_at for token in tokens.values()]
    if KINDS[credential.kind].is_docker_config:
        hosts = {registry.host for registry in credential.registries}
        new = {registry.host: _make_login(token.password) for registry, token in tokens.items()}
        old = _read_docker_config(kept.text if kept else found)
        if kept and (old.keys() & hosts) - new.keys():
            expiries.append(kept.expires_at)
        text = _format_docker_config({host: login for host, login in {**old, **new}.items() if host in hosts})
    else:
        (token,) = tokens.values()
        text = token.password
    expires_at = min(expiries)
    lifetime = timedelta(seconds=max(0, (expires_at - now) // timedelta(seconds=1)))
    return Payload(
        text=text, expires_at=expires_at, lifetime=lifetime, source=describe_source(credential), refused=refused
    )


def read_tokens(payload: Payload, credential: Credential) -> dict[Registry, AuthorizationToken]:
    """The tokens that a payload holds, by their registries; without those that are not of docker's form."""
    if not KINDS[credential.kind].is_docker_config:
        passwords = {credential.registries[0]: payload.text}
    else:
        logins = _read_docker_config(payload.text)
        passwords = {
            registry: decode_value(logins.get(registry.host)).decode(errors="replace").removeprefix(f"{USERNAME}:")
            for registry in credential.registries
        }
    return {
        registry: AuthorizationToken(password=password, expires_at=payload.expires_at)
        for registry, password in passwords.items()
        if password
    }


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
    labels = {**credential.labels, **KINDS[credential.kind].labels}
    annotations = {"annotations": credential.annotations} if credential.annotations else {}
    values = {**_make_keys(credential), payload_key(credential): payload.text}
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
            "labels": {**credential.labels, CONFIG_MAP_LABEL: CONFIG_MAP_LABEL_VALUE},
            "annotations": {
                **credential.annotations,
                FINGERPRINT_ANNOTATION: payload.fingerprint,
                SOURCE_ANNOTATION: payload.source,
                LIFETIME_ANNOTATION: format_lifetime(payload.lifetime),
                **mark,
            },
        },
        "data": {EXPIRY_KEY: format_time(payload.expires_at), "name": credential.registry},
    }


def list_foreign_keys(secret: Manifest | None, manifest: Manifest) -> list[str]:
    """The keys that Argo CD reads from a Secret of its kinds and that its manifest does not have."""
    if SECRET_TYPE_LABEL not in manifest["metadata"]["labels"]:
        return []
    found = ((secret or {}).get("data") or {}).keys()
    return sorted((ARGO_CD_KEYS & found) - manifest["data"].keys())


def require_version(manifest: Manifest, found: Manifest | None) -> Manifest:
    """The manifest for an apply that fails where the object is no longer the one that was found, or is there now.

    An apply with a version that no object has creates an object, and does not change one.
    """
    version = found["metadata"]["resourceVersion"] if found else _VERSION_OF_NONE
    return {**manifest, "metadata": {**manifest["metadata"], "resourceVersion": version}}


def describe_source(credential: Credential) -> str:
    """For which registries and by which role a token of this credential is requested."""
    who = credential.role.arn if credential.role else "the function"
    return f"{credential.registry} as {who}" + (f" {credential.role_id}" if credential.role_id else "")


def is_source_of(source: str, credential: Credential) -> bool:
    """Whether a token of this source serves the credential.

    Who does not know the role's unique ID, such as an operator, takes any role of its name for the right one.
    """
    expected = describe_source(credential)
    return source == expected or (credential.role_id is None and source.startswith(f"{expected} "))


def format_lifetime(lifetime: timedelta) -> str:
    """As LIFETIME_ANNOTATION has it."""
    return str(lifetime // timedelta(seconds=1))


def _make_keys(credential: Credential) -> dict[str, str]:
    """All keys but the payload's."""
    match KINDS[credential.kind].shape:
        case "docker-config":
            return {}
        case "kargo":
            # Kargo compares a URL as a whole, and looks for an expression anywhere in it.
            host = credential.registry.replace(".", r"\.")
            return {"repoURL": f"^(oci://)?{host}/", "repoURLIsRegex": "true", "username": USERNAME}
        case "argo-cd":
            return _make_keys_for_argo_cd(credential)


def _make_keys_for_argo_cd(credential: Credential) -> dict[str, str]:
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
