"""Rules for one credential: which keys a kind has, its registries, its names and its metadata."""

from collections.abc import Iterator

from argo_ecr_auth.core.registry import NotARegistryError, parse_registry
from argo_ecr_auth_settings.credential_settings import CredentialSettings
from argo_ecr_auth_settings.settings import Settings, find_duplicates

_MAX_NAME = 253  # of a Kubernetes object
_MAX_ANNOTATIONS = 256 * 1024  # bytes, of an object (apimachinery, TotalAnnotationSizeLimitB)

_MEANINGLESS_KEYS = {
    "argo-cd": ("type", "url", "name", "project"),
    "repository": (),
    "repo-creds": ("name",),
    "pull-secret": ("type", "url", "name", "project", "proxy", "no_proxy"),
}
"""Keys that a kind does not use."""

_OTHERS_NAMES = {
    *("argocd-secret", "argocd-initial-admin-secret", "argocd-redis", "argocd-repo-server-tls", "argocd-server-tls"),
    *("argocd-dex-server-tls", "argocd-notifications-secret", "argocd-image-updater-secret", "argocd-cm"),
    *("argocd-cmd-params-cm", "argocd-gpg-keys-cm", "argocd-rbac-cm", "argocd-ssh-known-hosts-cm"),
    *("argocd-tls-certs-cm", "argocd-notifications-cm", "argocd-image-updater-config"),
    *("argocd-image-updater-ssh-config", "argocd-redis-health-configmap", "kube-root-ca.crt", "aws-auth", "coredns"),
    *("kube-proxy", "kube-proxy-config", "cluster-info", "extension-apiserver-authentication"),
}
"""Secrets and ConfigMaps of Argo CD (its manifests), Kubernetes and EKS; a credential writes one of each."""
_OTHERS_PREFIXES = ("sh.helm.release.", "bootstrap-token-")

# Labels and annotations of a Secret that are ours, Argo CD's, kubectl's or External Secrets'. Some of
# them would make another tool treat the Secret as its own.
_RESERVED_PREFIXES = ("argo-ecr-auth/", "argocd.argoproj.io/", "reconcile.external-secrets.io/")
_RESERVED_KEYS = ("argo-ecr-auth", "app.kubernetes.io/instance", "kubectl.kubernetes.io/last-applied-configuration")


def check_credentials(settings: Settings) -> Iterator[str]:
    """Check each credential on its own: its kind, registries, names and metadata."""
    places = [("credentials", settings.credentials)]
    places += [(f"targets[{i}].credentials", target.credentials) for i, target in enumerate(settings.targets)]
    for place, credentials in places:
        for i, credential in enumerate(credentials):
            yield from (f"{place}[{i}].{fault}" for fault in _check_kind(credential))
            yield from (f"{place}[{i}].{fault}" for fault in _check_secret_names(credential))
            yield from (f"{place}[{i}].{fault}" for fault in _check_registries(credential))
            namespaces = credential.list_namespaces(default="")
            yield from (
                f"{place}[{i}].namespace: {namespace} is listed twice" for namespace in find_duplicates(namespaces)
            )
            yield from (f"{place}[{i}].{fault}" for fault in _check_metadata(credential))
            if credential.external_id and not credential.role_arn:
                yield f"{place}[{i}].external_id: goes with role_arn, which is missing"


def _check_kind(credential: CredentialSettings) -> Iterator[str]:
    kind = credential.kind
    for key in _MEANINGLESS_KEYS[kind]:
        if getattr(credential, key):
            yield f"{key}: not for the kind {kind}"
    if credential.no_proxy and not credential.proxy:
        yield "no_proxy: goes with proxy, which is missing"
    if credential.url and kind != "pull-secret":
        place, host = credential.url.removeprefix("oci://"), credential.hosts[0]
        if place != host and not place.startswith(host + "/"):
            yield f"url: {credential.url!r} is neither {host} nor below it ({host}/...)"
        helm = credential.type == "helm" or (credential.kind == "repository" and credential.type is None)
        if credential.url.startswith("oci://") and helm:
            yield "url: oci:// goes with type: oci; the type here is helm"
        if credential.url.endswith("/") and kind != "repo-creds":
            yield "url: a repository's URL does not end in a slash; Argo CD compares it as a whole"


def _check_secret_names(credential: CredentialSettings) -> Iterator[str]:
    for name in (secret.name for secret in credential.secrets):
        if len(name) > _MAX_NAME:
            yield f"secret_name: {name[:20]}... is too long; a name has at most {_MAX_NAME} characters"
        if name in _OTHERS_NAMES or name.startswith(_OTHERS_PREFIXES):
            yield f"secret_name: {name} is an object of Argo CD's, Kubernetes' or Helm's; choose another"


def _check_registries(credential: CredentialSettings) -> Iterator[str]:
    if len(credential.hosts) > 1 and credential.kind != "pull-secret":
        yield f"registry: several are not for the kind {credential.kind}"
    for key, host in credential.hosts_by_key:
        try:
            parse_registry(host)
        except NotARegistryError as fault:
            yield f"{key}: {fault}"
    yield from (f"registry: {host} is listed twice" for host in find_duplicates(credential.hosts))
    if credential.verify_repository and credential.verify == "off":
        yield "verify_repository: verify is off"
    if credential.verify_repository and len(credential.hosts) > 1:
        yield "verify_repository: not for several registries"


def _check_metadata(credential: CredentialSettings) -> Iterator[str]:
    for part, given in (("labels", credential.labels), ("annotations", credential.annotations)):
        for key in given:
            if key.startswith(_RESERVED_PREFIXES) or key in _RESERVED_KEYS:
                yield f"{part}.{key}: cannot be set: it is this tool's own, or lets another tool take over the Secret"
    if credential.labels.get("app.kubernetes.io/part-of") == "argocd":
        # Since Argo CD 3.5 (util/settings).
        yield "labels.app.kubernetes.io/part-of: argocd makes Argo CD load all its settings again at each change"
    if credential.annotations.get("managed-by") == "argocd.argoproj.io":
        # Without this value, a deletion only removes the label (argo-cd, util/db/repository_secrets.go).
        yield "annotations.managed-by: with this value, a deletion in Argo CD's user interface deletes the Secret"
    if sum(len(key.encode()) + len(value.encode()) for key, value in credential.annotations.items()) > _MAX_ANNOTATIONS:
        yield f"annotations: together they are longer than {_MAX_ANNOTATIONS} bytes"
