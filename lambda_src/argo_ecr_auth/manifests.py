"""The Secret and the ConfigMap of a credential, as dicts.

Names, labels and keys are those of the original in-cluster tool, so that either can take over from the other; what Argo
CD reads of them is in its util/db/repository_secrets.go.
"""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from argo_ecr_auth.authorization_token import USERNAME, AuthorizationToken, fingerprint
from argo_ecr_auth.targets import Credential

Manifest = Mapping[str, Any]

FINGERPRINT_ANNOTATION = "argo-ecr-auth/password-fingerprint"
"""On the ConfigMap: which password its expiry speaks of."""

EXPIRY_ANNOTATION = "argo-ecr-auth/expires-at"
"""On the ConfigMap: the expiry as it was written, so that a changed one is noticed."""

EXPIRY_KEY = "expireyTime"  # the original tool's spelling


def secret_manifest(credential: Credential, token: AuthorizationToken) -> Manifest:
    """The `repository` Secret that Argo CD reads. As `data`: server-side apply does not own what `stringData` sets."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "namespace": credential.namespace,
            "name": credential.secret_name,
            "labels": {"argocd.argoproj.io/secret-type": "repository"},
        },
        "type": "Opaque",
        "data": {
            key: base64.b64encode(value.encode()).decode()
            for key, value in {
                "url": credential.registry.host,
                "name": "ecr",
                "type": "helm",
                "enableOCI": "true",
                "username": USERNAME,
                "password": token.password,
            }.items()
        },
    }


def config_map_manifest(credential: Credential, token: AuthorizationToken) -> Manifest:
    """The ConfigMap that says when the token in the Secret ends."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "namespace": credential.namespace,
            "name": credential.secret_name,
            "labels": {"argo-ecr-auth": "managed-resource"},
            "annotations": {
                FINGERPRINT_ANNOTATION: fingerprint(token.password.encode()),
                EXPIRY_ANNOTATION: rfc3339(token.expires_at),
            },
        },
        "data": {EXPIRY_KEY: rfc3339(token.expires_at), "name": credential.registry.host},
    }


def rfc3339(moment: datetime) -> str:
    """An aware UTC moment, to the second, as Kubernetes and the original tool write it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
