"""Targets: the settings with every default filled in."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from argo_ecr_auth.core.targets import Credential, Role, Target
from argo_ecr_auth_settings.resolve import resolve_targets
from tests.unit.builders import HOST, KINDS, OTHER_HOST, b64, credential, settings

ROLE = "arn:aws:iam::123456789012:role/reader"
PEM = "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n"


def _target(**keys: Any) -> Target:
    (target,) = resolve_targets(settings(targets=[{"cluster": "demo"} | keys]), region="eu-central-1")
    return target


def _credential(**keys: Any) -> Credential:
    (found,) = _target(namespace="of-the-target", credentials=[{"registry": HOST} | keys]).credentials
    return found


def test_a_target_of_nothing_but_a_cluster_has_every_default() -> None:
    assert _target() == Target(
        name="demo",
        cluster="demo",
        region="eu-central-1",
        enabled=True,
        endpoint=None,
        certificate_authority=None,
        credentials=(credential(name=None),),
        check_every=timedelta(minutes=2),
        role=None,
    )


@pytest.mark.parametrize(
    ("keys", "field", "value"),
    [
        ({"name": "other"}, "name", "other"),
        ({"region": "us-east-1"}, "region", "us-east-1"),
        ({"enabled": False}, "enabled", False),
        ({"endpoint": "https://demo.example"}, "endpoint", "https://demo.example"),
        ({"certificate_authority": b64(PEM)}, "certificate_authority", PEM),
        ({"role_arn": ROLE}, "role", Role(arn=ROLE)),
        ({"role_arn": ROLE, "external_id": "who"}, "role", Role(arn=ROLE, external_id="who")),
    ],
)
def test_what_a_target_says_counts(keys: dict[str, Any], field: str, value: object) -> None:
    assert getattr(_target(**keys), field) == value


@pytest.mark.parametrize(
    ("keys", "field", "value"),
    [
        ({}, "namespace", "of-the-target"),
        ({}, "secret_name", "ecr-auth"),
        ({}, "role", None),
        ({"namespace": "own"}, "namespace", "own"),
        ({"secret_name": "own"}, "secret_name", "own"),
        ({}, "verify_login", True),
        ({"verify": "off"}, "verify_login", False),
        ({}, "verify_repository", None),
        ({"verify_repository": "charts"}, "verify_repository", "charts"),
        ({"name": "charts"}, "name", "charts"),
        ({"registry": "public.ecr.aws"}, "url", "public.ecr.aws"),
        ({"kind": "pull-secret", "registry": [OTHER_HOST, HOST]}, "registry", f"{OTHER_HOST},{HOST}"),
        ({"role_arn": ROLE, "external_id": "who"}, "role", Role(arn=ROLE, external_id="who")),
    ],
)
def test_what_a_credential_leaves_out_is_filled_in(keys: dict[str, Any], field: str, value: object) -> None:
    assert getattr(_credential(**keys), field) == value


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("repository-nameless", {}),
        ("repository-helm", {"kind": "repository", "type": "helm", "url": HOST, "name": "ecr"}),
        ("repository-oci", {"type": "oci", "url": f"{HOST}/charts/app", "name": "ecr", "project": "team-a"}),
        ("repository-oci", {"type": "oci", "url": f"oci://{HOST}/charts/app", "name": "ecr", "project": "team-a"}),
        ("repo-creds-helm", {"kind": "repo-creds", "type": "helm"}),
        ("repo-creds-oci", {"kind": "repo-creds", "type": "oci"}),
        ("repo-creds-oci", {"kind": "repo-creds", "type": "oci", "url": f"oci://{HOST}"}),
        ("repo-creds-oci", {"kind": "repo-creds", "type": "oci", "url": f"{HOST}/"}),
        ("pull-secret", {"kind": "pull-secret"}),
        ("pull-secret", {"kind": "pull-secret", "registry": [HOST]}),
        ("pull-secret-of-two", {"kind": "pull-secret", "registry": [HOST, OTHER_HOST]}),
    ],
)
def test_each_kind_is_filled_in_as_its_readers_need_it(kind: str, keys: dict[str, Any]) -> None:
    assert _credential(namespace="argocd", **keys) == KINDS[kind]


def _pair(**keys: Any) -> list[Credential]:
    template = {"registry": HOST, "kind": "repo-creds"} | keys
    return list(_target(credentials=[template]).credentials)


def test_a_template_without_a_type_is_the_pair() -> None:
    second = replace(KINDS["repo-creds-oci"], secret_name="ecr-auth-oci")
    assert _pair() == [KINDS["repo-creds-helm"], second]


def test_the_kind_for_argo_cd_is_a_nameless_repository_and_the_pair_of_templates() -> None:
    assert _pair(kind="argo-cd") == [
        KINDS["repository-nameless"],
        replace(KINDS["repo-creds-helm"], secret_name="ecr-auth-helm"),
        replace(KINDS["repo-creds-oci"], secret_name="ecr-auth-oci"),
    ]


@pytest.mark.parametrize("path", ["/charts", "/charts/"])
@pytest.mark.parametrize("scheme", ["", "oci://"])
def test_a_pair_is_of_one_place_with_and_without_the_scheme_and_its_path_ends_as_it_is_written(
    scheme: str, path: str
) -> None:
    assert [found.url for found in _pair(url=f"{scheme}{HOST}{path}")] == [f"{HOST}{path}", f"oci://{HOST}{path}"]


def test_a_credential_of_several_namespaces_is_one_in_each() -> None:
    found = _pair(namespace=["b", "a"], labels={"team": "x"})
    assert [(credential.namespace, credential.secret_name) for credential in found] == [
        ("b", "ecr-auth"),
        ("b", "ecr-auth-oci"),
        ("a", "ecr-auth"),
        ("a", "ecr-auth-oci"),
    ]
    assert {credential.labels["team"] for credential in found} == {"x"}


def test_a_pair_is_asked_for_and_tried_alike() -> None:
    pair = _pair(role_arn=ROLE, external_id="who", verify="off", namespace="own")
    said = [(found.namespace, found.role, found.verify_login) for found in pair]
    assert said == [("own", Role(arn=ROLE, external_id="who"), False)] * 2


def test_a_targets_role_is_not_its_credentials_role() -> None:
    assert _target(role_arn=ROLE).credentials[0].role is None


def test_own_credentials_stand_instead_of_the_general_ones() -> None:
    own = _target(credentials=[{"registry": HOST, "secret_name": "own"}])
    assert [found.secret_name for found in own.credentials] == ["own"]


def test_general_credentials_go_into_each_targets_own_namespace_in_the_order_of_the_settings() -> None:
    written = [{"cluster": "b", "namespace": "one"}, {"cluster": "a", "namespace": "two"}]
    targets = resolve_targets(settings(targets=written), region="eu-central-1")
    assert [(target.name, target.credentials[0].namespace) for target in targets] == [("b", "one"), ("a", "two")]
