"""Settings: what the types refuse, and what only a look at all of them can tell."""

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo_ecr_auth.settings import Settings, duration, faults_of, load
from tests.unit.builders import HOST, b64, settings

ROLE = "arn:aws:iam::123456789012:role/path/reader"
CA = b64("-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def _with_target(**keys: Any) -> Settings:
    return settings(targets=[{"cluster": "demo"} | keys])


def _with_credential(**keys: Any) -> Settings:
    return settings(credentials=[{"registry": HOST} | keys])


def test_one_cluster_and_one_registry_are_enough() -> None:
    assert faults_of(settings()) == ()


def test_every_key_can_be_given() -> None:
    given_all = settings(
        renew_before="1h30m",
        targets=[
            {
                "cluster": "Demo_1",
                "name": "demo.one",
                "region": "us-gov-west-1",
                "account": "012345678901",
                "namespace": "argocd",
                "enabled": False,
                "endpoint": "https://ABC.gr7.eu-west-1.eks.amazonaws.com",
                "certificate_authority": CA,
                "role_arn": ROLE,
                "external_id": "who-asks",
                "credentials": [
                    {
                        "registry": HOST,
                        "namespace": "team-a",
                        "secret_name": "ecr.auth-1",
                        "role_arn": ROLE,
                        "external_id": "who-asks",
                    }
                ],
            }
        ],
    )
    assert faults_of(given_all) == ()


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ({"cluster": None}, "cluster"),
        ({"cluster": ""}, "cluster"),
        ({"cluster": "arn:aws:eks:eu-west-1:123456789012:cluster/demo"}, "cluster"),
        ({"cluster": "-demo"}, "cluster"),
        ({"cluster": "d" * 101}, "cluster"),
        ({"name": "a b"}, "name"),
        ({"name": ""}, "name"),
        ({"region": "Ireland"}, "region"),
        ({"region": "eu-west-1a"}, "region"),
        ({"account": 123456789012}, "account"),
        ({"account": "12345"}, "account"),
        ({"namespace": None}, "namespace"),
        ({"namespace": "Argocd"}, "namespace"),
        ({"namespace": "argo.cd"}, "namespace"),
        ({"namespace": "n" * 64}, "namespace"),
        ({"enabled": "no"}, "enabled"),
        ({"enabled": 0}, "enabled"),
        ({"endpoint": "http://demo.example"}, "endpoint"),
        ({"endpoint": "demo.example"}, "endpoint"),
        ({"endpoint": "https://demo.example/"}, "endpoint"),
        ({"role_arn": "reader"}, "role_arn"),
        ({"role_arn": "arn:aws:iam::123456789012:user/reader"}, "role_arn"),
        ({"role_arn": ROLE, "external_id": "x"}, "external_id"),
        ({"role_arn": ROLE, "external_id": "with space"}, "external_id"),
        ({"credentials": {"registry": HOST}}, "credentials"),
        ({"credentials": None}, "credentials"),
        ({"credentials": [HOST]}, "credentials"),
    ],
)
def test_a_target_of_wrong_form_is_refused_with_its_path(keys: dict[str, Any], path: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=rf"\$\.targets\[0\]\.{path}"):
        _with_target(**keys)


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ({"registry": None}, "registry"),
        ({"registry": 5}, "registry"),
        ({"namespace": "Argocd"}, "namespace"),
        ({"secret_name": ""}, "secret_name"),
        ({"secret_name": "Ecr"}, "secret_name"),
        ({"secret_name": "ecr_auth"}, "secret_name"),
        ({"secret_name": "../ecr"}, "secret_name"),
        ({"secret_name": "ecr."}, "secret_name"),
        ({"secret_name": "s" * 254}, "secret_name"),
        ({"role_arn": "reader"}, "role_arn"),
        ({"external_id": ""}, "external_id"),
    ],
)
def test_a_credential_of_wrong_form_is_refused_with_its_path(keys: dict[str, Any], path: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=rf"\$\.credentials\[0\]\.{path}"):
        _with_credential(**keys)


@pytest.mark.parametrize("text", ["", "6", "h", "6 h", "6H", "1.5h", "-6h", "30m6h", "6h6h", "1d", "\u0666h"])
def test_a_duration_of_wrong_form_is_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$\.renew_before"):
        settings(renew_before=text)


@pytest.mark.parametrize(
    "document",
    [
        {"targets": [{"cluster": "demo"}], "architecture": "arm64"},
        {"targets": [{"cluster": "demo", "clutser": "demo"}]},
        {"targets": [], "credentials": [{"registry": HOST, "password": "x"}]},
    ],
)
def test_an_unknown_key_is_refused(document: Any) -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        load(json.dumps(document).encode())


@pytest.mark.parametrize(
    "document", [{}, {"targets": [{}]}, {"targets": [], "credentials": [{}]}], ids=["targets", "cluster", "registry"]
)
def test_a_missing_key_is_refused(document: Any) -> None:
    with pytest.raises(msgspec.ValidationError, match="missing required field"):
        load(json.dumps(document).encode())


@given(JSON)
def test_any_json_is_settings_or_refused(document: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        load(json.dumps(document).encode())


@given(st.binary())
def test_any_bytes_are_settings_or_refused(text: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        load(text)


@pytest.mark.parametrize("text", ["10m", "11h", "6h", "600s", "10h59m59s", "660m"])
def test_a_renewal_between_ten_minutes_and_eleven_hours_is_allowed(text: str) -> None:
    assert faults_of(settings(renew_before=text)) == ()


@pytest.mark.parametrize("text", ["0h", "9m59s", "11h1s", "12h", "999h"])
def test_a_renewal_outside_of_a_tokens_life_is_a_fault(text: str) -> None:
    assert faults_of(settings(renew_before=text)) == (
        f"renew_before: {text} is not between 10m and 11h (a token lives 12h)",
    )


def test_a_registry_that_is_none_is_a_fault_of_the_general_credentials() -> None:
    (fault,) = faults_of(settings(credentials=[{"registry": HOST}, {"registry": "ghcr.io", "secret_name": "other"}]))
    assert fault.startswith("credentials[1].registry: 'ghcr.io' is not the host of an ECR registry")


def test_a_registry_that_is_none_is_a_fault_of_a_targets_own_credentials() -> None:
    (fault,) = faults_of(_with_target(credentials=[{"registry": "ghcr.io"}]))
    assert fault.startswith("targets[0].credentials[0].registry: 'ghcr.io'")


def test_an_external_id_of_a_credential_without_a_role_is_a_fault() -> None:
    assert faults_of(_with_credential(external_id="who-asks")) == (
        "credentials[0].external_id: goes with role_arn, which is missing",
    )


def test_an_external_id_of_a_target_without_a_role_is_a_fault() -> None:
    assert faults_of(_with_target(external_id="who-asks")) == (
        "targets[0].external_id: goes with role_arn, which is missing",
    )


def test_no_target_is_a_fault() -> None:
    assert faults_of(settings(targets=[])) == ("targets: there is none; name at least one cluster",)


def test_a_name_given_twice_is_a_fault_that_names_both() -> None:
    faults = faults_of(settings(targets=[{"cluster": "a", "name": "same"}, {"cluster": "b", "name": "same"}]))
    assert faults == ("targets[1].name: 'same' is the name of targets[0] already; give each a name of its own",)


def test_a_clusters_name_counts_where_no_name_is_given() -> None:
    faults = faults_of(settings(targets=[{"cluster": "a"}, {"cluster": "b", "name": "a"}]))
    assert faults == ("targets[1].name: 'a' is the name of targets[0] already; give each a name of its own",)


def test_an_endpoint_without_an_authority_is_a_fault_of_what_is_missing() -> None:
    assert faults_of(_with_target(endpoint="https://demo.example")) == (
        "targets[0].certificate_authority: missing; endpoint and certificate_authority are given both or not at all",
    )


def test_an_authority_without_an_endpoint_is_a_fault_of_what_is_missing() -> None:
    assert faults_of(_with_target(certificate_authority=CA)) == (
        "targets[0].endpoint: missing; certificate_authority and endpoint are given both or not at all",
    )


@pytest.mark.parametrize("text", ["", "not base64!", b64("no certificate"), "-----BEGIN CERTIFICATE-----"])
def test_an_authority_that_is_no_base64_of_pem_is_a_fault(text: str) -> None:
    assert faults_of(_with_target(endpoint="https://demo.example", certificate_authority=text)) == (
        "targets[0].certificate_authority: not the base64 of a PEM certificate, as DescribeCluster gives it",
    )


def test_a_target_without_any_credential_is_a_fault() -> None:
    assert faults_of(settings(credentials=[])) == (
        "targets[0].credentials: there is none, neither here nor in the general credentials",
    )


def test_two_general_credentials_of_one_secret_are_a_fault() -> None:
    (fault,) = faults_of(settings(credentials=[{"registry": HOST}, {"registry": HOST}]))
    assert fault == (
        "targets[0] with credentials[1]: the Secret argocd/ecr-auth of cluster demo is targets[0] with "
        "credentials[0]'s already; give each its own secret_name"
    )


def test_two_targets_that_write_one_secret_are_a_fault() -> None:
    (fault,) = faults_of(settings(targets=[{"cluster": "demo", "name": "a"}, {"cluster": "demo", "name": "b"}]))
    assert fault == (
        "targets[1] with credentials[0]: the Secret argocd/ecr-auth of cluster demo is targets[0] with "
        "credentials[0]'s already; give each its own secret_name"
    )


def test_a_namespace_written_out_is_the_one_that_is_the_default() -> None:
    own = [{"registry": HOST, "namespace": "argocd"}, {"registry": HOST}]
    (fault,) = faults_of(_with_target(credentials=own))
    assert fault.startswith("targets[0].credentials[1]: the Secret argocd/ecr-auth of cluster demo is")


@pytest.mark.parametrize(
    "other",
    [
        {"cluster": "other"},
        {"cluster": "demo", "name": "other", "namespace": "other"},
        {"cluster": "demo", "name": "other", "region": "us-east-1"},
        {"cluster": "demo", "name": "other", "account": "123456789012"},
        {"cluster": "demo", "name": "other", "credentials": [{"registry": HOST, "secret_name": "other"}]},
    ],
    ids=["cluster", "namespace", "region", "account", "secret_name"],
)
def test_secrets_of_different_places_do_not_clash(other: dict[str, Any]) -> None:
    assert faults_of(settings(targets=[{"cluster": "demo"}, other])) == ()


def test_all_faults_are_told_at_once() -> None:
    faults = faults_of(
        settings(
            renew_before="12h",
            credentials=[{"registry": "ghcr.io", "external_id": "who-asks"}],
            targets=[
                {"cluster": "a", "external_id": "who-asks"},
                {"cluster": "a", "endpoint": "https://demo.example"},
            ],
        )
    )
    assert [fault.partition(": ")[0] for fault in faults] == [
        "renew_before",
        "credentials[0].registry",
        "credentials[0].external_id",
        "targets[0].external_id",
        "targets[1].name",
        "targets[1].certificate_authority",
        "targets[1] with credentials[0]",
    ]


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("2m", timedelta(minutes=2)),
        ("6h", timedelta(hours=6)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("1h2m3s", timedelta(hours=1, minutes=2, seconds=3)),
        ("90m", timedelta(hours=1, minutes=30)),
        ("007s", timedelta(seconds=7)),
    ],
)
def test_a_duration_is_the_sum_of_its_parts(text: str, span: timedelta) -> None:
    assert duration(text) == span
