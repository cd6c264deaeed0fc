"""Settings: what only a look at all of them can tell, each fault with its path and what is allowed."""

from typing import Any

import pytest
import trustme

from argo_ecr_auth_settings.rules.all_rules import find_faults
from argo_ecr_auth_settings.settings import Settings
from tests.unit.builders import HOST, b64, settings

ROLE = "arn:aws:iam::123456789012:role/path/reader"
CA = b64(trustme.CA().cert_pem.bytes().decode())
URL = f"{HOST}/charts"


def _with_target(**keys: Any) -> Settings:
    return settings(targets=[{"cluster": "demo"} | keys])


def _with_credential(**keys: Any) -> Settings:
    return settings(credentials=[{"registry": HOST} | keys])


def test_one_cluster_and_one_registry_are_enough() -> None:
    assert find_faults(settings()) == ()


def test_every_key_can_be_given() -> None:
    given_all = settings(
        renew_before="1h30m",
        targets=[
            {
                "cluster": "Demo_1",
                "name": "demo.one",
                "region": "eu-north-1",
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
                        "kind": "repository",
                        "type": "oci",
                        "url": f"oci://{URL}",
                        "name": "charts",
                        "project": "team-a",
                        "verify": "login",
                        "verify_repository": "charts/app",
                        "role_arn": ROLE,
                        "external_id": "who-asks",
                    }
                ],
            }
        ],
    )
    assert find_faults(given_all) == ()


@pytest.mark.parametrize("text", ["10m", "6h", "600s", "5h59m59s", "360m"])
def test_a_renewal_between_ten_minutes_and_six_hours_is_allowed(text: str) -> None:
    assert find_faults(settings(renew_before=text)) == ()


@pytest.mark.parametrize("text", ["0h", "9m59s", "6h1s", "12h", "999h"])
def test_a_renewal_outside_of_that_is_a_fault(text: str) -> None:
    assert find_faults(settings(renew_before=text)) == (
        f"renew_before: {text} is not between 10m and 6h (half of a token's 12h)",
    )


def test_a_check_interval_that_leaves_a_second_attempt_is_allowed() -> None:
    assert find_faults(settings(check_every="30m", renew_before="1h")) == ()


@pytest.mark.parametrize("text", ["31m", "59m59s", "10m"])
def test_a_check_interval_that_leaves_no_second_attempt_is_a_fault(text: str) -> None:
    (fault,) = find_faults(settings(check_every="30m", renew_before=text))
    assert fault.startswith(f"check_every: 30m is more than half of renew_before ({text})")


def test_a_registry_that_is_none_is_a_fault_of_the_general_credentials() -> None:
    (fault,) = find_faults(settings(credentials=[{"registry": HOST}, {"registry": "ghcr.io", "secret_name": "other"}]))
    assert fault.startswith("credentials[1].registry: 'ghcr.io' is not the host of an ECR registry")


def test_a_registry_that_is_none_is_a_fault_of_a_targets_own_credentials() -> None:
    (fault,) = find_faults(_with_target(credentials=[{"registry": "ghcr.io"}]))
    assert fault.startswith("targets[0].credentials[0].registry: 'ghcr.io'")


def test_an_external_id_of_a_credential_without_a_role_is_a_fault() -> None:
    assert find_faults(_with_credential(external_id="who-asks")) == (
        "credentials[0].external_id: goes with role_arn, which is missing",
    )


def test_an_external_id_of_a_target_without_a_role_is_a_fault() -> None:
    assert find_faults(_with_target(external_id="who-asks")) == (
        "targets[0].external_id: goes with role_arn, which is missing",
    )


# Targets, and the Secrets that they write


def test_no_target_is_a_fault() -> None:
    assert find_faults(settings(targets=[])) == ("targets: there is none; name at least one cluster",)


def test_a_name_given_twice_is_a_fault_that_names_both() -> None:
    faults = find_faults(settings(targets=[{"cluster": "a", "name": "same"}, {"cluster": "b", "name": "same"}]))
    assert faults == ("targets[1].name: 'same' is the name of targets[0] already; give each a name of its own",)


def test_names_that_differ_only_in_case_are_a_fault() -> None:
    (fault,) = find_faults(settings(targets=[{"cluster": "Prod"}, {"cluster": "prod"}]))
    assert fault.startswith("targets[1].name: 'prod' is the name of targets[0] already")


def test_a_clusters_name_counts_where_no_name_is_given() -> None:
    faults = find_faults(settings(targets=[{"cluster": "a"}, {"cluster": "b", "name": "a"}]))
    assert faults == ("targets[1].name: 'a' is the name of targets[0] already; give each a name of its own",)


def test_an_endpoint_without_an_authority_is_a_fault_of_what_is_missing() -> None:
    assert find_faults(_with_target(endpoint="https://demo.example")) == (
        "targets[0].certificate_authority: missing; endpoint and certificate_authority are given both or not at all",
    )


def test_an_authority_without_an_endpoint_is_a_fault_of_what_is_missing() -> None:
    assert find_faults(_with_target(certificate_authority=CA)) == (
        "targets[0].endpoint: missing; certificate_authority and endpoint are given both or not at all",
    )


@pytest.mark.parametrize("number", range(1, 6))
def test_a_certificate_authority_is_a_bundle_of_any_size(number: int) -> None:
    for _ in range(10):  # half of all pairs were refused
        bundle = "".join(trustme.CA().cert_pem.bytes().decode() for _ in range(number))
        target = {"endpoint": "https://demo.example", "certificate_authority": b64(bundle)}
        assert find_faults(_with_target(**target)) == ()


@pytest.mark.parametrize("text", ["", "not base64!", b64("no certificate"), "-----BEGIN CERTIFICATE-----"])
def test_an_authority_that_is_no_base64_of_pem_is_a_fault(text: str) -> None:
    assert find_faults(_with_target(endpoint="https://demo.example", certificate_authority=text)) == (
        "targets[0].certificate_authority: not the base64 of PEM certificates, as DescribeCluster gives it",
    )


def test_a_target_without_any_credential_is_a_fault() -> None:
    assert find_faults(settings(credentials=[])) == (
        "targets[0].credentials: there is none, neither here nor in the general credentials",
    )


def test_two_general_credentials_of_one_secret_are_a_fault() -> None:
    (fault,) = find_faults(settings(credentials=[{"registry": HOST}, {"registry": HOST}]))
    assert fault == (
        "targets[0] with credentials[1]: the Secret argocd/ecr-auth of cluster demo is targets[0] with "
        "credentials[0]'s already; give each its own secret_name"
    )


def test_two_targets_that_write_one_secret_are_a_fault() -> None:
    (fault,) = find_faults(settings(targets=[{"cluster": "demo", "name": "a"}, {"cluster": "demo", "name": "b"}]))
    assert fault == (
        "targets[1] with credentials[0]: the Secret argocd/ecr-auth of cluster demo is targets[0] with "
        "credentials[0]'s already; give each its own secret_name"
    )


@pytest.mark.parametrize("endpoint", ["https://demo.example", "https://Demo.example:443"])
def test_two_targets_of_one_endpoint_that_write_one_secret_are_a_fault(endpoint: str) -> None:
    targets = [
        {"cluster": cluster, "endpoint": url, "certificate_authority": CA}
        for cluster, url in (("a", "https://demo.example"), ("b", endpoint))
    ]
    (fault,) = find_faults(settings(targets=targets))
    assert fault.startswith("targets[1] with credentials[0]: the Secret argocd/ecr-auth of cluster b is targets[0]")


def test_a_namespace_written_out_is_the_one_that_is_the_default() -> None:
    own = [{"registry": HOST, "namespace": "argocd"}, {"registry": HOST}]
    (fault,) = find_faults(_with_target(credentials=own))
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
    assert find_faults(settings(targets=[{"cluster": "demo"}, other])) == ()


def test_all_faults_are_told_at_once() -> None:
    faults = find_faults(
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
        "credentials[0].registry",
        "credentials[0].external_id",
        "targets[0].external_id",
        "targets[1].name",
        "targets[1].certificate_authority",
        "targets[1] with credentials[0]",
        "renew_before",
    ]
