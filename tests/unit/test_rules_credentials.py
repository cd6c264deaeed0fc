"""The rules for one credential: which keys a kind has, its registries, its URL and its pair of Secrets."""

from typing import Any

import msgspec
import pytest

from tests.unit.builders import HOST, OTHER_HOST, list_faults, settings

URL = f"{HOST}/charts"


def _find_credential_faults(**keys: Any) -> list[str]:
    """The faults of a credential of nothing but these keys, with their paths below it."""
    return [fault.removeprefix("credentials[0].") for fault in list_faults(settings(credentials=[keys]))]


@pytest.mark.parametrize(
    "keys",
    [
        {"type": "helm", "url": URL, "name": "charts", "project": "team-a"},
        {"type": "oci", "url": f"oci://{URL}", "name": "charts", "project": "team-a"},
        {"type": "oci", "url": URL},
        {"url": HOST},
        {"registry": "public.ecr.aws", "url": "public.ecr.aws/argo"},
        {"kind": "repo-creds"},
        {"kind": "repo-creds", "project": "team-a"},
        {"kind": "repo-creds", "type": "helm", "url": URL},
        {"kind": "repo-creds", "type": "oci", "url": f"oci://{URL}"},
        {"kind": "repo-creds", "url": f"oci://{URL}"},
        {"kind": "repo-creds", "url": f"{HOST}/"},
        {"kind": "repo-creds", "url": f"{URL}/"},
        {"kind": "argo-cd"},
        {"kind": "argo-cd", "proxy": "http://proxy:3128", "no_proxy": "localhost"},
        {"proxy": "http://proxy:3128"},
        {"kind": "kargo", "namespace": "kargo-shared-resources"},
        {"kind": "pull-secret"},
        {"registry": [HOST], "kind": "pull-secret"},
        {"registry": [HOST, OTHER_HOST, "public.ecr.aws"], "kind": "pull-secret"},
        {"verify": "off"},
        {"verify_repository": "charts/app"},
        {"kind": "pull-secret", "verify_repository": "charts/app"},
        {"namespace": ["team-a", "team-b"]},
        {"labels": {"backup": "", "backup.example/include": "yes", "app.kubernetes.io/part-of": "platform"}},
        {"annotations": {"replicator.v1.mittwald.de/replicate-to": "team-.*", "note": "any text: a, b\n"}},
    ],
)
def test_each_kind_can_be_given_with_the_keys_that_it_has(keys: dict[str, Any]) -> None:
    assert _find_credential_faults(**{"registry": HOST, **keys}) == []


LACKED = {
    "argo-cd": {"type": "helm", "url": HOST, "name": "ecr", "project": "team-a"},
    "pull-secret": {"proxy": "http://proxy:3128", "type": "helm", "url": HOST, "name": "ecr", "project": "team-a"},
    "repo-creds": {"name": "ecr"},
    "kargo": {"url": HOST, "name": "ecr"},
}


@pytest.mark.parametrize(
    ("kind", "key", "value"), [(kind, key, value) for kind, keys in LACKED.items() for key, value in keys.items()]
)
def test_a_key_that_a_kind_does_not_have_is_a_fault(kind: str, key: str, value: str) -> None:
    assert _find_credential_faults(registry=HOST, kind=kind, **{key: value}) == [f"{key}: not for the kind {kind}"]


NOT_A_REGISTRY = "is not the host of an ECR registry, such as ACCOUNT.dkr.ecr.REGION.amazonaws.com (no scheme, no path)"
PULL_SECRET = {"kind": "pull-secret", "registry": [HOST, OTHER_HOST]}
# A credential's keys, and all their faults.
FAULTS: dict[str, tuple[dict[str, Any], list[str]]] = {
    **{
        f"a name of somebody else's object: {name}": (
            {"secret_name": name},
            [f"secret_name: {name} is an object of Argo CD's, Kubernetes' or Helm's; choose another"],
        )
        for name in ("argocd-secret", "argocd-cm", "kube-root-ca.crt", "sh.helm.release.v1.argo-cd.v1")
    },
    "no_proxy without proxy": ({"no_proxy": "localhost"}, ["no_proxy: goes with proxy, which is missing"]),
    "a repository's URL that ends in a slash": (
        {"url": f"{URL}/"},
        ["url: a repository's URL does not end in a slash; Argo CD compares it as a whole"],
    ),
    **{
        f"oci:// with {keys}": (
            {"url": f"oci://{URL}", **keys},
            ["url: oci:// goes with type: oci; the type here is helm"],
        )
        for keys in ({"kind": "repository", "type": "helm"}, {"kind": "repo-creds", "type": "helm"}, {})
    },
    **{
        f"several registries of the kind {kind}": (
            {"registry": [HOST, OTHER_HOST], "kind": kind},
            [f"registry: several are not for the kind {kind}"],
        )
        for kind in ("argo-cd", "repository", "repo-creds", "kargo")
    },
    "a host twice": (PULL_SECRET | {"registry": [HOST, OTHER_HOST, HOST]}, [f"registry: {HOST} is listed twice"]),
    "two registries that are none": (
        PULL_SECRET | {"registry": ["ghcr.io", HOST, "quay.io"]},
        [f"registry[0]: 'ghcr.io' {NOT_A_REGISTRY}", f"registry[2]: 'quay.io' {NOT_A_REGISTRY}"],
    ),
    "a repository to verify, and verify: off": (
        {"verify": "off", "verify_repository": "charts"},
        ["verify_repository: verify is off"],
    ),
    "a repository to verify in several registries": (
        PULL_SECRET | {"verify_repository": "charts"},
        ["verify_repository: not for several registries"],
    ),
    "a namespace twice": ({"namespace": ["a", "b", "a"]}, ["namespace: a is listed twice"]),
    "a label that makes Argo CD load its settings": (
        {"labels": {"app.kubernetes.io/part-of": "argocd"}},
        ["labels.app.kubernetes.io/part-of: argocd makes Argo CD load all its settings again at each change"],
    ),
    "an annotation that lets Argo CD delete the Secret": (
        {"annotations": {"managed-by": "argocd.argoproj.io"}},
        ["annotations.managed-by: with this value, a deletion in Argo CD's user interface deletes the Secret"],
    ),
    "that annotation with another value": ({"annotations": {"managed-by": "terraform"}}, []),
    "annotations that are longer than an object takes": (
        {"annotations": {"a": "b" * 256 * 1024}},
        ["annotations: together they are longer than 262144 bytes"],
    ),
}


@pytest.mark.parametrize(("keys", "faults"), FAULTS.values(), ids=FAULTS)
def test_a_fault_of_a_credential_has_its_path_and_what_is_allowed(keys: dict[str, Any], faults: list[str]) -> None:
    assert _find_credential_faults(**{"registry": HOST, **keys}) == faults


@pytest.mark.parametrize(
    "url",
    [
        OTHER_HOST,
        f"{OTHER_HOST}/{HOST}",
        f"{HOST}.evil.example",
        f"{HOST}-charts",
        "charts",
        f"oci://{OTHER_HOST}/charts",
        f"oci://{HOST}.evil.example/charts",
    ],
)
@pytest.mark.parametrize("kind", ["repository", "repo-creds"])
def test_a_url_that_is_not_below_the_registry_is_a_fault(kind: str, url: str) -> None:
    assert _find_credential_faults(registry=HOST, kind=kind, type="oci", url=url) == [
        f"url: {url!r} is neither {HOST} nor below it ({HOST}/...)"
    ]


# Namespaces, labels and annotations


@pytest.mark.parametrize("part", ["labels", "annotations"])
@pytest.mark.parametrize(
    "key",
    [
        "argo-ecr-auth",
        "argo-ecr-auth/fingerprint",
        "argocd.argoproj.io/secret-type",
        "argocd.argoproj.io/tracking-id",
        "app.kubernetes.io/instance",
        "kubectl.kubernetes.io/last-applied-configuration",
        "reconcile.external-secrets.io/created-by",
    ],
)
def test_a_key_that_is_ours_or_gives_the_secret_away_is_a_fault(part: str, key: str) -> None:
    (fault,) = _find_credential_faults(registry=HOST, **{part: {key: "a"}})
    assert fault.startswith(f"{part}.{key}: cannot be set")


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        *(
            ("labels", key, "a")
            for key in ("two words", "a/b/c", "Upper/name", "a..b/name", f"{'a' * 254}/name", "n" * 64)
        ),
        *(("labels", "name", value) for value in ("two words", "v" * 64, "-a", "a\n")),
        *(("annotations", key, "a") for key in ("", "/name", "name\n")),
    ],
)
def test_what_kubernetes_refuses_as_a_key_or_a_labels_value_is_refused(part: str, key: str, value: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        settings(credentials=[{"registry": HOST, part: {key: value}}])


# The pair of templates


PAIR = {"registry": HOST, "kind": "repo-creds", "secret_name": "ecr"}


@pytest.mark.parametrize("chart_type", ["helm", "oci"])
def test_a_template_of_one_type_leaves_the_second_name_free(chart_type: str) -> None:
    one = PAIR | {"type": chart_type}
    assert list_faults(settings(credentials=[one, {"registry": HOST, "secret_name": "ecr-oci"}])) == []


def test_a_pair_whose_second_name_is_too_long_is_a_fault() -> None:
    assert list_faults(settings(credentials=[PAIR | {"secret_name": "s" * 250}])) != []
