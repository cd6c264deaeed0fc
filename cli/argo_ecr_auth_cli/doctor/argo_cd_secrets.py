"""Argo CD's repository Secrets, and which of them serves a URL.

URLs are compared once they are normalized; those that Go cannot parse, as they are. A `repository` serves the URL that
is the same as its own: one of the Application's project first, else one without a project. A `repo-creds`, a credential
template, serves every URL that begins with its own, the longest first, if no `repository` has credentials (argo-cd,
util/db/repository_secrets.go).
"""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from argo_ecr_auth.api_server.server import ApiServer
from argo_ecr_auth.core.kinds import SECRET_TYPE_LABEL
from argo_ecr_auth_cli.doctor.argo_cd_urls import normalize_url
from argo_ecr_auth_cli.doctor.managed_objects import get_object

# Its HasCredentials (argo-cd, pkg/apis/application/v1alpha1/repository_types.go).
_CREDENTIALS = (
    *("username", "password", "bearerToken", "sshPrivateKey", "tlsClientCertData", "githubAppPrivateKey"),
    "azureServicePrincipalClientSecret",
)
_TRUE = {"1", "t", "true"}
_FALSE = {"", "0", "f", "false"}
# Open proposals: useWorkloadIdentity with a provider (argo-cd, pull request 26174); for 26973 a switch that begins like
# this is assumed, as the one for Azure does.
_OWN_LOGIN = ("useaws", "useecr", "useworkloadidentity")


@dataclass(frozen=True, kw_only=True)
class ArgoCdSecret:
    """A Secret of one of Argo CD's two kinds."""

    namespace: str
    name: str
    kind: str  # repository or repo-creds
    url: str  # normalized; of a template that Argo CD ignores, nothing
    type: str
    project: str  # of a repository: Argo CD ignores it in a template
    is_named: bool  # whether Argo CD has a name for the repository
    has_credentials: bool
    has_own_login: bool  # Argo CD logs in to ECR by itself

    @property
    def place(self) -> tuple[str, str]:
        return self.namespace, self.name

    def __str__(self) -> str:
        return f"the {self.kind} {self.namespace}/{self.name}"


def list_argo_cd_secrets(server: ApiServer, namespace: str) -> list[ArgoCdSecret]:
    """Those of a namespace. Raises SyncError if Secrets may not be listed."""
    path = f"/api/v1/namespaces/{namespace}/secrets?labelSelector={SECRET_TYPE_LABEL}+in+(repository,repo-creds)"
    return [read_argo_cd_secret(secret) for secret in (get_object(server, path) or {}).get("items", ())]


def read_argo_cd_secret(secret: Mapping[str, Any]) -> ArgoCdSecret:
    """What matters of the Secret; nothing that is secret."""
    data = {key: _decode(value) for key, value in (secret.get("data") or {}).items()}
    kind = (secret["metadata"].get("labels") or {}).get(SECRET_TYPE_LABEL, "")
    return ArgoCdSecret(
        namespace=secret["metadata"]["namespace"],
        name=secret["metadata"]["name"],
        kind=kind,
        url=_read_url(data.get("url", ""), kind),
        type=data.get("type", ""),
        project="" if kind == "repo-creds" else data.get("project", ""),
        is_named=bool(data.get("name")),
        has_credentials=any(data.get(key) for key in _CREDENTIALS)
        or data.get("useAzureWorkloadIdentity", "").lower() in _TRUE,
        has_own_login=any(
            key.lower().startswith(_OWN_LOGIN) and value.lower() not in _FALSE for key, value in data.items()
        ),
    )


def find_serving(secrets: Iterable[ArgoCdSecret], url: str, *, project: str) -> list[ArgoCdSecret]:
    """The Secrets that may serve the URL: one, several if Argo CD may use any of them, none if nothing does."""
    every, compared = list(secrets), _read_url(url, "repository")
    same = [secret for secret in every if secret.kind == "repository" and secret.url == compared != ""]
    of_project = [secret for secret in same if secret.project == project]
    repositories = of_project or [secret for secret in same if not secret.project]
    if any(secret.has_credentials for secret in repositories):
        return repositories
    return find_templates(every, url)


def find_templates(secrets: Iterable[ArgoCdSecret], url: str) -> list[ArgoCdSecret]:
    """The credential templates that a URL without credentials of its own may take them from."""
    normalized = normalize_url(url)
    templates = [
        secret for secret in secrets if secret.kind == "repo-creds" and secret.url and normalized.startswith(secret.url)
    ]
    longest = max((len(template.url) for template in templates), default=0)
    return [template for template in templates if len(template.url) == longest]


def is_in_registry(url: str, host: str) -> bool:
    """Whether the URL is the registry's host or below it, with or without `oci://`."""
    place = normalize_url(url).removeprefix("oci://")
    return place == host or place.startswith(f"{host}/")


def _read_url(url: str, kind: str) -> str:
    return normalize_url(url) or (url if kind == "repository" else "")


def _decode(value: str) -> str:
    try:
        return base64.b64decode(value).decode()
    except ValueError:
        return ""
