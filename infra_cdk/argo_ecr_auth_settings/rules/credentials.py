"""Rules for one credential: which keys a kind has, its registries, its names and its metadata."""

from collections.abc import Iterable, Iterator

from argo_ecr_auth.core.registry import NotARegistryError, parse_registry
from argo_ecr_auth_settings.broken import attempt
from argo_ecr_auth_settings.credential_settings import CredentialSettings
from argo_ecr_auth_settings.document import Fault, below, make_fault
from argo_ecr_auth_settings.settings import Settings, find_duplicates, list_credentials

_MAX_NAME = 253  # of a Kubernetes object
_MAX_ANNOTATIONS = 256 * 1024  # bytes, of an object (apimachinery, TotalAnnotationSizeLimitB)

_FOR_ARGO_CD = ("type", "url", "name", "project", "proxy", "no_proxy")
_MEANINGLESS_KEYS = {
    "argo-cd": ("type", "url", "name", "project"),
    "repository": (),
    "repo-creds": ("name",),
    "kargo": _FOR_ARGO_CD,
    "pull-secret": _FOR_ARGO_CD,
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


def check_credentials(settings: Settings) -> Iterator[Fault]:
    """Check each credential on its own: its kind, registries, names and metadata."""
    rules = (
        *(_check_keys, _check_url, _check_url_scheme, _check_url_end, _check_secret_names),
        *(_check_number, _check_registries, _check_duplicates, _check_namespaces, _check_verify_repository),
        *(_check_label_values, _check_annotation_values, _check_annotation_size, _check_reserved_labels),
        *(_check_reserved_annotations, _check_external_id),
    )
    for path, credential in list_credentials(settings):
        for rule in rules:
            yield from below(path, attempt(rule(credential)))


def _check_keys(credential: CredentialSettings) -> Iterator[Fault]:
    if credential.no_proxy is not None and credential.proxy is None:
        yield make_fault("no_proxy", "goes with proxy, which is missing")
    for key in _MEANINGLESS_KEYS[credential.kind]:
        if getattr(credential, key) is not None:
            yield make_fault(key, f"not for the kind {credential.kind}")


def _check_url(credential: CredentialSettings) -> Iterator[Fault]:
    if credential.url and credential.kind != "pull-secret":
        place, host = credential.url.removeprefix("oci://"), credential.hosts[0]
        if place != host and not place.startswith(host + "/"):
            yield make_fault("url", f"{credential.url!r} is neither {host} nor below it ({host}/...)")


def _check_url_scheme(credential: CredentialSettings) -> Iterator[Fault]:
    helm = credential.type == "helm" or (credential.type is None and credential.kind == "repository")
    if helm and credential.url and credential.url.startswith("oci://"):
        yield make_fault("url", "oci:// goes with type: oci; the type here is helm")


def _check_url_end(credential: CredentialSettings) -> Iterator[Fault]:
    if credential.url and credential.url.endswith("/") and credential.kind not in {"repo-creds", "pull-secret"}:
        yield make_fault("url", "a repository's URL does not end in a slash; Argo CD compares it as a whole")


def _check_secret_names(credential: CredentialSettings) -> Iterator[Fault]:
    for name in (secret.name for secret in credential.secrets):
        if len(name) > _MAX_NAME:
            yield make_fault("secret_name", f"{name[:20]}... is too long; a name has at most {_MAX_NAME} characters")
        if name in _OTHERS_NAMES or name.startswith(_OTHERS_PREFIXES):
            yield make_fault("secret_name", f"{name} is an object of Argo CD's, Kubernetes' or Helm's; choose another")


def _check_external_id(credential: CredentialSettings) -> Iterator[Fault]:
    if credential.external_id is not None and credential.role_arn is None:
        yield make_fault("external_id", "goes with role_arn, which is missing")


def _check_number(credential: CredentialSettings) -> Iterator[Fault]:
    if len(credential.hosts) > 1 and credential.kind != "pull-secret":
        yield make_fault("registry", f"several are not for the kind {credential.kind}")


def _check_registries(credential: CredentialSettings) -> Iterator[Fault]:
    for path, host in credential.hosts_by_path:
        try:
            parse_registry(host)
        except NotARegistryError as error:
            yield Fault(path=path, text=str(error))


def _check_duplicates(credential: CredentialSettings) -> Iterator[Fault]:
    yield from (make_fault("registry", f"{host} is listed twice") for host in find_duplicates(credential.hosts))


def _check_namespaces(credential: CredentialSettings) -> Iterator[Fault]:
    namespaces = credential.list_namespaces(default="")
    yield from (make_fault("namespace", f"{namespace} is listed twice") for namespace in find_duplicates(namespaces))


def _check_verify_repository(credential: CredentialSettings) -> Iterator[Fault]:
    if credential.verify_repository is None:
        return
    if credential.verify == "off":
        yield make_fault("verify_repository", "verify is off")
    if len(credential.hosts) > 1:
        yield make_fault("verify_repository", "not for several registries")


def _check_reserved_labels(credential: CredentialSettings) -> Iterator[Fault]:
    yield from _check_reserved("labels", credential.labels)


def _check_reserved_annotations(credential: CredentialSettings) -> Iterator[Fault]:
    yield from _check_reserved("annotations", credential.annotations)


def _check_reserved(part: str, given: Iterable[str]) -> Iterator[Fault]:
    for key in given:
        if key.startswith(_RESERVED_PREFIXES) or key in _RESERVED_KEYS:
            text = "cannot be set: it is this tool's own, or lets another tool take over the Secret"
            yield Fault(path=(part, key), text=text)


def _check_label_values(credential: CredentialSettings) -> Iterator[Fault]:
    if credential.labels.get("app.kubernetes.io/part-of") == "argocd":
        # Since Argo CD 3.5 (util/settings).
        text = "argocd makes Argo CD load all its settings again at each change"
        yield Fault(path=("labels", "app.kubernetes.io/part-of"), text=text)


def _check_annotation_values(credential: CredentialSettings) -> Iterator[Fault]:
    if credential.annotations.get("managed-by") == "argocd.argoproj.io":
        # Without this value, a deletion only removes the label (argo-cd, util/db/repository_secrets.go).
        text = "with this value, a deletion in Argo CD's user interface deletes the Secret"
        yield Fault(path=("annotations", "managed-by"), text=text)


def _check_annotation_size(credential: CredentialSettings) -> Iterator[Fault]:
    if sum(len(key.encode()) + len(value.encode()) for key, value in credential.annotations.items()) > _MAX_ANNOTATIONS:
        yield make_fault("annotations", f"together they are longer than {_MAX_ANNOTATIONS} bytes")
