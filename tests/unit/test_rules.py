"""Settings: what only a look at all of them can tell, each fault with its path and what is allowed."""

from typing import Any

import pytest
import trustme

from argo_ecr_auth_settings.settings import Settings
from tests.unit.builders import HOST, b64, list_faults, settings

GENERAL = {"registry": HOST}
OTHER = GENERAL | {"secret_name": "other"}
PAIR = {"registry": HOST, "kind": "repo-creds", "secret_name": "ecr"}
A, DEMO = {"cluster": "a"}, {"cluster": "demo"}
ROLE = "arn:aws:iam::123456789012:role/path/reader"
CA = b64(trustme.CA().cert_pem.bytes().decode())
PEM_WITH_A_COMMENT = "# Autorité\n-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n"
NOT_A_REGISTRY = (
    "'ghcr.io' is not the host of an ECR registry, such as ACCOUNT.dkr.ecr.REGION.amazonaws.com (no scheme, no path)"
)
SECRET_TAKEN = "credentials[0]'s already; give each its own secret_name"
TAKEN = f"of cluster demo is targets[0] with {SECRET_TAKEN}"
NAME_TAKEN = "is the name of targets[0] already; give each a name of its own"
# A fault, and settings that have no other.
FAULTS: dict[str, dict[str, Any]] = {
    "targets: there is none; name at least one cluster": {"targets": []},
    "targets[0].credentials: there is none, neither here nor in the general credentials": {"credentials": []},
    f"credentials[1].registry: {NOT_A_REGISTRY}": {"credentials": [GENERAL, OTHER | {"registry": "ghcr.io"}]},
    f"targets[0].credentials[0].registry: {NOT_A_REGISTRY}": {
        "targets": [DEMO | {"credentials": [{"registry": "ghcr.io"}]}]
    },
    "credentials[0].external_id: goes with role_arn, which is missing": {
        "credentials": [GENERAL | {"external_id": "who-asks"}]
    },
    "targets[0].external_id: goes with role_arn, which is missing": {"targets": [DEMO | {"external_id": "who-asks"}]},
    f"targets[1].name: 'same' {NAME_TAKEN}": {"targets": [A | {"name": "same"}, {"cluster": "b", "name": "same"}]},
    f"targets[1].name: 'prod' {NAME_TAKEN}": {"targets": [{"cluster": "Prod"}, {"cluster": "prod"}]},
    f"targets[1].name: 'a' {NAME_TAKEN}": {"targets": [A, {"cluster": "b", "name": "a"}]},
    "targets[0].certificate_authority: missing; endpoint and certificate_authority are given both or not at all": {
        "targets": [DEMO | {"endpoint": "https://demo.example"}]
    },
    "targets[0].endpoint: missing; certificate_authority and endpoint are given both or not at all": {
        "targets": [DEMO | {"certificate_authority": CA}]
    },
    f"targets[0] with credentials[1]: the Secret argocd/ecr-auth {TAKEN}": {"credentials": [GENERAL, GENERAL]},
    f"targets[1] with credentials[0]: the Secret argocd/ecr-auth {TAKEN}": {"targets": [DEMO, DEMO | {"name": "b"}]},
    f"targets[0].credentials[1]: the Secret argocd/ecr-auth of cluster demo is targets[0].{SECRET_TAKEN}": {
        "targets": [DEMO | {"credentials": [GENERAL | {"namespace": "argocd"}, GENERAL]}]
    },
    f"targets[0] with credentials[1]: the Secret b/ecr-auth {TAKEN}": {
        "credentials": [GENERAL | {"namespace": ["a", "b"]}, GENERAL | {"namespace": "b"}]
    },
    f"targets[0] with credentials[1]: the Secret argocd/ecr {TAKEN}": {
        "credentials": [PAIR, GENERAL | {"secret_name": "ecr"}]
    },
    f"targets[0] with credentials[1]: the Secret argocd/ecr-oci {TAKEN}": {
        "credentials": [PAIR, GENERAL | {"secret_name": "ecr-oci"}]
    },
    f"targets[0] with credentials[1]: the Secret argocd/x-oci {TAKEN}": {
        "credentials": [GENERAL | {"secret_name": "x-oci"}, PAIR | {"secret_name": "x"}]
    },
}


def _with_target(**keys: Any) -> Settings:
    return settings(targets=[{"cluster": "demo"} | keys])


def test_every_key_can_be_given() -> None:
    role = {"role_arn": ROLE, "external_id": "who-asks"}
    credential = GENERAL | {"namespace": "team-a", "secret_name": "ecr.auth-1", "kind": "repository", "type": "oci"}
    credential |= {"url": f"oci://{HOST}/charts", "name": "charts", "project": "team-a", "verify": "login"}
    credential |= {"verify_repository": "charts/app", **role}
    target = {"cluster": "Demo_1", "name": "demo.one", "region": "eu-north-1", "account": "012345678901"}
    target |= {"endpoint": "https://ABC.gr7.eu-west-1.eks.amazonaws.com", "certificate_authority": CA, **role}
    others = {"namespace": "argocd", "enabled": False, "credentials": [credential]}
    assert list_faults(settings(renew_before="1h30m", targets=[target | others])) == []


@pytest.mark.parametrize("text", ["10m", "6h", "600s", "5h59m59s", "360m"])
def test_a_renewal_between_ten_minutes_and_six_hours_is_allowed(text: str) -> None:
    assert list_faults(settings(renew_before=text)) == []


@pytest.mark.parametrize("text", ["0h", "9m59s", "6h1s", "12h", "999h"])
def test_a_renewal_outside_of_that_is_a_fault(text: str) -> None:
    assert list_faults(settings(renew_before=text)) == [
        f"renew_before: {text} is not between 10m and 6h (half of a token's 12h)",
    ]


def test_a_check_interval_that_leaves_a_second_attempt_is_allowed() -> None:
    assert list_faults(settings(check_every="30m", renew_before="1h")) == []


@pytest.mark.parametrize("text", ["31m", "59m59s", "10m"])
def test_a_check_interval_that_leaves_no_second_attempt_is_a_fault(text: str) -> None:
    (fault,) = list_faults(settings(check_every="30m", renew_before=text))
    assert fault.startswith(f"check_every: 30m is more than half of renew_before ({text})")


@pytest.mark.parametrize(("fault", "keys"), FAULTS.items(), ids=FAULTS)
def test_a_fault_has_its_path_and_what_is_allowed(fault: str, keys: dict[str, Any]) -> None:
    assert list_faults(settings(**keys)) == [fault]


@pytest.mark.parametrize("number", range(1, 6))
def test_a_certificate_authority_is_a_bundle_of_any_size(number: int) -> None:
    for _ in range(10):  # half of all pairs were refused
        bundle = "".join(trustme.CA().cert_pem.bytes().decode() for _ in range(number))
        target = {"endpoint": "https://demo.example", "certificate_authority": b64(bundle)}
        assert list_faults(_with_target(**target)) == []


@pytest.mark.parametrize(
    "text",
    [
        *("", "not base64!", b64("no certificate"), "-----BEGIN CERTIFICATE-----", "é"),
        *map(b64, ("-----BEGIN CERTIFICATE-----", PEM_WITH_A_COMMENT)),
    ],
)
def test_an_authority_that_is_no_base64_of_pem_is_a_fault(text: str) -> None:
    assert list_faults(_with_target(endpoint="https://demo.example", certificate_authority=text)) == [
        "targets[0].certificate_authority: not the base64 of PEM certificates, as DescribeCluster gives it",
    ]


@pytest.mark.parametrize("endpoint", ["https://demo.example", "https://Demo.example:443"])
def test_two_targets_of_one_endpoint_that_write_one_secret_are_a_fault(endpoint: str) -> None:
    targets = [
        {"cluster": cluster, "endpoint": url, "certificate_authority": CA}
        for cluster, url in (("a", "https://demo.example"), ("b", endpoint))
    ]
    (fault,) = list_faults(settings(targets=targets))
    assert fault.startswith("targets[1] with credentials[0]: the Secret argocd/ecr-auth of cluster b is targets[0]")


@pytest.mark.parametrize(
    "other",
    [
        {"cluster": "other"},
        *(
            DEMO | {"name": "other"} | keys
            for keys in (
                {"namespace": "other"},
                {"region": "us-east-1"},
                {"account": "123456789012"},
                {"credentials": [OTHER]},
            )
        ),
    ],
    ids=["cluster", "namespace", "region", "account", "secret_name"],
)
def test_secrets_of_different_places_do_not_clash(other: dict[str, Any]) -> None:
    assert list_faults(settings(targets=[DEMO, other])) == []
