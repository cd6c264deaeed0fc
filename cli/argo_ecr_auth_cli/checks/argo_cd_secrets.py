"""Argo CD's repository Secrets, and which of them serves a URL.

A `repository` serves the URL that is the same as its own once both are normalised: one of the Application's project
first, else one without a project. A `repo-creds` serves every URL that begins with its own, the longest first, where no
`repository` has credentials (argo-cd, util/db/repository_secrets.go and util/git/git.go).
"""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from argo_ecr_auth.clients.api_client import Connection
from argo_ecr_auth_cli.checks.managed_objects import get_object

LABEL = "argocd.argoproj.io/secret-type"

# Its HasCredentials (argo-cd, pkg/apis/application/v1alpha1/repository_types.go).
_CREDENTIALS = ("username", "password", "sshPrivateKey", "tlsClientCertData", "githubAppPrivateKey")
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
    url: str
    project: str
    has_credentials: bool
    has_own_login: bool  # Argo CD logs in to ECR by itself

    @property
    def place(self) -> tuple[str, str]:
        return self.namespace, self.name


def list_argo_cd_secrets(connection: Connection, namespace: str) -> list[ArgoCdSecret]:
    """Those of a namespace. Raises SyncError where Secrets may not be listed."""
    path = f"/api/v1/namespaces/{namespace}/secrets?labelSelector={LABEL}+in+(repository,repo-creds)"
    return [read_argo_cd_secret(secret) for secret in (get_object(connection, path) or {}).get("items", ())]


def read_argo_cd_secret(secret: Mapping[str, Any]) -> ArgoCdSecret:
    """What matters of the Secret; nothing that is secret."""
    data = {key: _decode(value) for key, value in (secret.get("data") or {}).items()}
    return ArgoCdSecret(
        namespace=secret["metadata"]["namespace"],
        name=secret["metadata"]["name"],
        kind=secret["metadata"]["labels"][LABEL],
        url=data.get("url", ""),
        project=data.get("project", ""),
        has_credentials=any(data.get(key) for key in _CREDENTIALS)
        or data.get("useAzureWorkloadIdentity", "").lower() in _TRUE,
        has_own_login=any(
            key.lower().startswith(_OWN_LOGIN) and value.lower() not in _FALSE for key, value in data.items()
        ),
    )


def find_serving(secrets: Iterable[ArgoCdSecret], url: str, *, project: str) -> list[ArgoCdSecret]:
    """The Secrets that may serve the URL: one, several where Argo CD takes any of them, none where nothing does."""
    every = list(secrets)
    same = [each for each in every if each.kind == "repository" and is_same_url(each.url, url)]
    repositories = [each for each in same if each.project == project] or [each for each in same if not each.project]
    if any(each.has_credentials for each in repositories):
        return repositories
    templates = [each for each in every if each.kind == "repo-creds" and url.startswith(each.url)]
    longest = max((len(each.url) for each in templates), default=0)
    return [each for each in templates if len(each.url) == longest]


def find_duplicates(secrets: Iterable[ArgoCdSecret]) -> list[list[ArgoCdSecret]]:
    """Groups of Secrets of one kind for one URL and project: Argo CD takes any of a group."""
    groups: dict[tuple[str, str, str], list[ArgoCdSecret]] = {}
    for each in secrets:
        url = normalise_url(each.url) if each.kind == "repository" else each.url
        groups.setdefault((each.kind, url, each.project), []).append(each)
    return [group for group in groups.values() if len(group) > 1]


def is_same_url(one: str, other: str) -> bool:
    return normalise_url(one) == normalise_url(other)


def normalise_url(url: str) -> str:
    return url.strip().lower().removesuffix(".git")


def _decode(value: str) -> str:
    try:
        return base64.b64decode(value).decode()
    except ValueError:
        return ""
