"""The rules for one credential: which keys a kind has, its registries, its URL and its pair of Secrets."""

from typing import Any

import msgspec
import pytest
import trustme

from argo_ecr_auth_settings.rules.all_rules import find_faults
from tests.unit.builders import HOST, OTHER_HOST, b64, settings

ROLE = "arn:aws:iam::123456789012:role/path/reader"
CA = b64(trustme.CA().cert_pem.bytes().decode())
URL = f"{HOST}/charts"


def _find_credential_faults(**keys: Any) -> list[str]:
    """The faults of a credential of nothing but these keys, with their paths below it."""
    return [fault.removeprefix("credentials[0].") for fault in find_faults(settings(credentials=[keys]))]


@pytest.mark.parametrize(
    "keys",
    [
        {"registry": HOST, "type": "helm", "url": URL, "name": "charts", "project": "team-a"},
        {"registry": HOST, "type": "oci", "url": f"oci://{URL}", "name": "charts", "project": "team-a"},
        {"registry": HOST, "type": "oci", "url": URL},
        {"registry": HOST, "url": HOST},
        {"registry": "public.ecr.aws", "url": "public.ecr.aws/argo"},
        {"registry": HOST, "kind": "repo-creds"},
        {"registry": HOST, "kind": "repo-creds", "project": "team-a"},
        {"registry": HOST, "kind": "repo-creds", "type": "helm", "url": URL},
        {"registry": HOST, "kind": "repo-creds", "type": "oci", "url": f"oci://{URL}"},
        {"registry": HOST, "kind": "repo-creds", "url": f"oci://{URL}"},
        {"registry": HOST, "kind": "repo-creds", "url": f"{HOST}/"},
        {"registry": HOST, "kind": "repo-creds", "url": f"{URL}/"},
        {"registry": HOST, "kind": "argo-cd"},
        {"registry": HOST, "kind": "argo-cd", "proxy": "http://proxy:3128", "no_proxy": "localhost"},
        {"registry": HOST, "proxy": "http://proxy:3128"},
        {"registry": HOST, "kind": "kargo", "namespace": "kargo-shared-resources"},
        {"registry": HOST, "kind": "pull-secret"},
        {"registry": [HOST], "kind": "pull-secret"},
        {"registry": [HOST, OTHER_HOST, "public.ecr.aws"], "kind": "pull-secret"},
        {"registry": HOST, "verify": "off"},
        {"registry": HOST, "verify_repository": "charts/app"},
        {"registry": HOST, "kind": "pull-secret", "verify_repository": "charts/app"},
    ],
)
def test_each_kind_can_be_given_with_the_keys_that_it_has(keys: dict[str, Any]) -> None:
    assert _find_credential_faults(**keys) == []


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("argo-cd", "type", "helm"),
        ("argo-cd", "url", HOST),
        ("argo-cd", "name", "ecr"),
        ("argo-cd", "project", "team-a"),
        ("pull-secret", "proxy", "http://proxy:3128"),
        ("repo-creds", "name", "ecr"),
        ("pull-secret", "type", "helm"),
        ("pull-secret", "url", HOST),
        ("pull-secret", "name", "ecr"),
        ("pull-secret", "project", "team-a"),
        ("kargo", "url", HOST),
        ("kargo", "name", "ecr"),
    ],
)
def test_a_key_that_a_kind_does_not_have_is_a_fault(kind: str, key: str, value: str) -> None:
    assert _find_credential_faults(registry=HOST, kind=kind, **{key: value}) == [f"{key}: not for the kind {kind}"]


@pytest.mark.parametrize("name", ["argocd-secret", "argocd-cm", "kube-root-ca.crt", "sh.helm.release.v1.argo-cd.v1"])
def test_a_name_of_somebody_elses_object_is_a_fault(name: str) -> None:
    fault = f"secret_name: {name} is an object of Argo CD's, Kubernetes' or Helm's; choose another"
    assert _find_credential_faults(registry=HOST, secret_name=name) == [fault]


def test_no_proxy_goes_with_proxy() -> None:
    assert _find_credential_faults(registry=HOST, no_proxy="localhost") == [
        "no_proxy: goes with proxy, which is missing"
    ]


def test_only_a_templates_url_ends_in_a_slash() -> None:
    assert _find_credential_faults(registry=HOST, url=f"{URL}/") == [
        "url: a repository's URL does not end in a slash; Argo CD compares it as a whole"
    ]


@pytest.mark.parametrize("kind", ["argo-cd", "repository", "repo-creds", "kargo"])
def test_several_registries_are_for_a_pull_secret_alone(kind: str) -> None:
    assert _find_credential_faults(registry=[HOST, OTHER_HOST], kind=kind) == [
        f"registry: several are not for the kind {kind}"
    ]


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


@pytest.mark.parametrize("kind", ["repository", "repo-creds"])
def test_the_scheme_of_oci_is_not_for_the_type_helm(kind: str) -> None:
    assert _find_credential_faults(registry=HOST, kind=kind, type="helm", url=f"oci://{URL}") == [
        "url: oci:// goes with type: oci; the type here is helm"
    ]


def test_the_scheme_of_oci_is_not_for_a_repository_without_a_type() -> None:
    assert len(_find_credential_faults(registry=HOST, url=f"oci://{URL}")) == 1


# Registries


def test_a_host_that_is_listed_twice_is_a_fault() -> None:
    assert _find_credential_faults(kind="pull-secret", registry=[HOST, OTHER_HOST, HOST]) == [
        f"registry: {HOST} is listed twice"
    ]


def test_each_of_several_registries_that_is_none_is_a_fault_of_its_own() -> None:
    faults = _find_credential_faults(kind="pull-secret", registry=["ghcr.io", HOST, "quay.io"])
    assert [fault.partition(": ")[0] for fault in faults] == ["registry[0]", "registry[2]"]


def test_a_repository_to_verify_is_a_fault_where_nothing_is_verified() -> None:
    assert _find_credential_faults(registry=HOST, verify="off", verify_repository="charts") == [
        "verify_repository: verify is off"
    ]


def test_a_repository_to_verify_is_a_fault_where_it_could_be_in_several_registries() -> None:
    assert _find_credential_faults(kind="pull-secret", registry=[HOST, OTHER_HOST], verify_repository="charts") == [
        "verify_repository: not for several registries"
    ]


# Namespaces, labels and annotations


@pytest.mark.parametrize(
    "keys",
    [
        {"namespace": ["team-a", "team-b"]},
        {"labels": {"backup": "", "backup.example/include": "yes", "app.kubernetes.io/part-of": "platform"}},
        {"annotations": {"replicator.v1.mittwald.de/replicate-to": "team-.*", "note": "any text: a, b\n"}},
    ],
)
def test_namespaces_labels_and_annotations_can_be_given(keys: dict[str, Any]) -> None:
    assert _find_credential_faults(registry=HOST, **keys) == []


def test_a_namespace_that_is_listed_twice_is_a_fault() -> None:
    assert _find_credential_faults(registry=HOST, namespace=["a", "b", "a"]) == ["namespace: a is listed twice"]


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


def test_the_label_that_makes_argo_cd_load_its_settings_again_is_a_fault() -> None:
    (fault,) = _find_credential_faults(registry=HOST, labels={"app.kubernetes.io/part-of": "argocd"})
    assert fault.startswith("labels.app.kubernetes.io/part-of: argocd makes Argo CD load")


def test_the_annotation_that_lets_argo_cd_delete_the_secret_is_a_fault() -> None:
    (fault,) = _find_credential_faults(registry=HOST, annotations={"managed-by": "argocd.argoproj.io"})
    assert fault.startswith("annotations.managed-by: with this value, a deletion in Argo CD's user interface")
    assert _find_credential_faults(registry=HOST, annotations={"managed-by": "terraform"}) == []


def test_annotations_that_are_longer_than_an_object_takes_are_a_fault() -> None:
    assert _find_credential_faults(registry=HOST, annotations={"a": "b" * 256 * 1024}) == [
        "annotations: together they are longer than 262144 bytes"
    ]


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("labels", "two words", "a"),
        ("labels", "a/b/c", "a"),
        ("labels", "Upper/name", "a"),
        ("labels", "a..b/name", "a"),
        ("labels", f"{'a' * 254}/name", "a"),
        ("labels", "n" * 64, "a"),
        ("labels", "name", "two words"),
        ("labels", "name", "v" * 64),
        ("labels", "name", "-a"),
        ("labels", "name", "a\n"),
        ("annotations", "", "a"),
        ("annotations", "/name", "a"),
        ("annotations", "name\n", "a"),
    ],
)
def test_what_kubernetes_refuses_as_a_key_or_a_labels_value_is_refused(part: str, key: str, value: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        settings(credentials=[{"registry": HOST, part: {key: value}}])


def test_a_secret_in_one_of_several_namespaces_is_anothers_already() -> None:
    several = {"registry": HOST, "namespace": ["a", "b"]}
    (fault,) = find_faults(settings(credentials=[several, {"registry": HOST, "namespace": "b"}]))
    assert "the Secret b/ecr-auth of cluster demo is targets[0] with credentials[0]'s already" in fault


# The pair of templates


PAIR = {"registry": HOST, "kind": "repo-creds", "secret_name": "ecr"}


@pytest.mark.parametrize("name", ["ecr", "ecr-oci"])
def test_a_secret_that_is_one_of_a_pair_is_a_fault(name: str) -> None:
    (fault,) = find_faults(settings(credentials=[PAIR, {"registry": HOST, "secret_name": name}]))
    assert fault == (
        f"targets[0] with credentials[1]: the Secret argocd/{name} of cluster demo is targets[0] with "
        "credentials[0]'s already; give each its own secret_name"
    )


def test_a_pair_whose_second_secret_is_there_already_is_a_fault() -> None:
    (fault,) = find_faults(settings(credentials=[{"registry": HOST, "secret_name": "ecr-oci"}, PAIR]))
    assert fault.startswith("targets[0] with credentials[1]: the Secret argocd/ecr-oci of cluster demo is")


@pytest.mark.parametrize("chart_type", ["helm", "oci"])
def test_a_template_of_one_type_leaves_the_second_name_free(chart_type: str) -> None:
    one = PAIR | {"type": chart_type}
    assert find_faults(settings(credentials=[one, {"registry": HOST, "secret_name": "ecr-oci"}])) == ()


def test_a_pair_whose_second_name_is_too_long_is_a_fault() -> None:
    assert find_faults(settings(credentials=[PAIR | {"secret_name": "s" * 250}])) != ()
