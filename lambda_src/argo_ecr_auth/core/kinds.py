"""The kinds of Secret that a credential can be, and how they differ.

A new kind begins here; the keys of a new shape go into manifests.py.

What Argo CD reads of its two kinds is in its util/db/repository_secrets.go, what Kargo reads of its two in its
pkg/credentials/kubernetes/database.go.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

SECRET_TYPE_LABEL = "argocd.argoproj.io/secret-type"  # noqa: S105 - a label

_KARGO_LABEL = "kargo.akuity.io/cred-type"

Shape = Literal["argo-cd", "kargo", "docker-config"]
"""Which keys a Secret has."""

Kind = Literal["repository", "repo-creds", "kargo-image", "kargo-helm", "pull-secret"]


@dataclass(frozen=True, kw_only=True)
class SecretKind:
    """What a kind of Secret holds."""

    shape: Shape
    labels: Mapping[str, str] = field(default_factory=dict)  # by which its reader finds it

    @property
    def for_argo_cd(self) -> bool:
        return self.shape == "argo-cd"

    @property
    def is_docker_config(self) -> bool:
        """Whether it holds the logins of several registries; otherwise a username and a password."""
        return self.shape == "docker-config"

    @property
    def secret_type(self) -> str:
        return "kubernetes.io/dockerconfigjson" if self.is_docker_config else "Opaque"

    @property
    def payload_key(self) -> str:
        """Of the Secret's data."""
        return ".dockerconfigjson" if self.is_docker_config else "password"


KINDS: Mapping[Kind, SecretKind] = {
    "repository": SecretKind(shape="argo-cd", labels={SECRET_TYPE_LABEL: "repository"}),
    "repo-creds": SecretKind(shape="argo-cd", labels={SECRET_TYPE_LABEL: "repo-creds"}),
    "kargo-image": SecretKind(shape="kargo", labels={_KARGO_LABEL: "image"}),
    "kargo-helm": SecretKind(shape="kargo", labels={_KARGO_LABEL: "helm"}),
    "pull-secret": SecretKind(shape="docker-config"),
}

ARGO_CD_KEYS = frozenset(
    {
        *("azureActiveDirectoryEndpoint", "azureServicePrincipalClientId", "azureServicePrincipalClientSecret"),
        *("azureServicePrincipalClientID", "azureServicePrincipalTenantID", "azureServicePrincipalTenantId"),
        *("bearerToken", "depth", "enableLfs", "enableOCI", "forceHttpBasicAuth", "gcpServiceAccountKey"),
        *("githubAppEnterpriseBaseUrl", "githubAppID", "githubAppInstallationID", "githubAppPrivateKey"),
        *("insecure", "insecureIgnoreHostKey", "insecureOCIForceHttp", "name", "noProxy", "password", "project"),
        *("proxy", "sshPrivateKey", "tlsClientCertData", "tlsClientCertKey", "type", "url", "username"),
        *("useAzureWorkloadIdentity", "webhookManifestCacheWarmDisabled"),
    }
)
"""Every key that Argo CD reads from a Secret of its two kinds (argo-cd 3.6.1, util/db/repository_secrets.go).

Those that it ignores in a template (`name`, `project`) do no harm there; for what is to come they count all the same.
"""

OPTIONAL_KEYS = frozenset({"name", "project", "proxy", "noProxy"})
"""Those of them that earlier settings may have had; any other was never ours, whoever is named as its field manager."""
