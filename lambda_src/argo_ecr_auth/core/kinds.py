"""The kinds of Secret that a credential can be, and how they differ.

A new kind begins here; a shape of its own goes into manifests.py.

What Argo CD reads of its two kinds is in its util/db/repository_secrets.go.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

SECRET_TYPE_LABEL = "argocd.argoproj.io/secret-type"  # noqa: S105 - a label

Kind = Literal["repository", "repo-creds", "pull-secret"]


@dataclass(frozen=True, kw_only=True)
class SecretKind:
    """What a kind of Secret holds."""

    for_argo_cd: bool  # with Argo CD's label and keys, and a password; otherwise a docker configuration
    secret_type: str
    payload_key: str  # of the Secret's data


KINDS: Mapping[Kind, SecretKind] = {
    "repository": SecretKind(
        for_argo_cd=True,
        secret_type="Opaque",  # noqa: S106 - a type
        payload_key="password",
    ),
    "repo-creds": SecretKind(
        for_argo_cd=True,
        secret_type="Opaque",  # noqa: S106 - a type
        payload_key="password",
    ),
    "pull-secret": SecretKind(
        for_argo_cd=False,
        secret_type="kubernetes.io/dockerconfigjson",  # noqa: S106 - a type
        payload_key=".dockerconfigjson",
    ),
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
