"""Checks for other Secrets that Argo CD may use instead of ours.

A `repository` matches a URL that is the same once both are normalised. A `repo-creds` matches a URL that begins with
its own, the longest first, and only where no `repository` has credentials (argo-cd, util/db/repository_secrets.go).
"""

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from argo_ecr_auth.clients.api_client import Connection
from argo_ecr_auth.core.targets import Credential
from argo_ecr_auth_cli.checks.check_context import CheckContext, Finding
from argo_ecr_auth_cli.checks.managed_objects import get_object, is_fresh, list_managed_objects

_LABEL = "argocd.argoproj.io/secret-type"
# Its HasCredentials (argo-cd, pkg/apis/application/v1alpha1/repository_types.go).
_CREDENTIALS = ("username", "password", "sshPrivateKey", "tlsClientCertData", "githubAppPrivateKey")
_TRUE = {"1", "t", "true"}


def check_argo_cd(context: CheckContext, connection: Connection) -> Iterator[Finding]:
    """Secrets of others that shadow ours. Raises SyncError where Secrets may not be listed."""
    credentials = [credential for credential in context.target.credentials if credential.kind != "pull-secret"]
    others = list_managed_objects(connection)
    for namespace in sorted({credential.namespace for credential in credentials}):
        path = f"/api/v1/namespaces/{namespace}/secrets?labelSelector={_LABEL}+in+(repository,repo-creds)"
        for secret in (get_object(connection, path) or {}).get("items", ()):
            name = namespace, secret["metadata"]["name"]
            # Another installation's is as good as ours while it is kept fresh.
            if name not in context.ours and not is_fresh(others.get(name), now=context.now):
                for credential in credentials:
                    if credential.namespace == namespace:
                        yield from check_shadowing(context, credential, secret)


def check_shadowing(context: CheckContext, credential: Credential, secret: Mapping[str, Any]) -> Iterator[Finding]:
    """Another Secret that Argo CD would use instead of this credential's."""
    data = {key: _decode(value) for key, value in (secret.get("data") or {}).items()}
    kind = secret["metadata"]["labels"][_LABEL]
    url, theirs = credential.url or "", data.get("url", "")
    if credential.kind == "repository":
        shadows = (
            kind == "repository"
            and _normalise(theirs) == _normalise(url)
            # For a project's Applications, a Secret with the project goes before one without.
            and (credential.project is None or data.get("project", "") == credential.project)
        )
    else:
        has_credentials = (
            any(data.get(key) for key in _CREDENTIALS) or data.get("useAzureWorkloadIdentity", "").lower() in _TRUE
        )
        shadows = theirs.startswith(url) and (kind == "repo-creds" or has_credentials)
    if shadows:
        namespace, name = secret["metadata"]["namespace"], secret["metadata"]["name"]
        yield context.report(
            "shadowed",
            f"Argo CD may use the {kind} {namespace}/{name} for {theirs} instead of "
            f"{credential.namespace}/{credential.secret_name}, and nobody renews its password",
            remedy=f"if nothing else needs it: kubectl -n {namespace} delete secret {name}",
        )


def _normalise(url: str) -> str:
    return url.strip().lower().removesuffix(".git")


def _decode(value: str) -> str:
    try:
        return base64.b64decode(value).decode()
    except ValueError:
        return ""
