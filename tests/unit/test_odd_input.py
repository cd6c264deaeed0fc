"""What is odd but possible, in settings, in a cluster, in AWS's answers: a fault or an error of ours, never a crash."""

import json
from datetime import timedelta, timezone
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from argo_ecr_auth.api_server.transport import make_api_client
from argo_ecr_auth.aws.eks import Address, describe_cluster
from argo_ecr_auth.aws.sessions import read_aws_error
from argo_ecr_auth.core.authorization_token import MalformedTokenError, parse_authorization_token
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.manifests import make_config_map_manifest, make_payload
from argo_ecr_auth.core.observed import ObservedState, refuse_foreign_objects
from argo_ecr_auth_settings.rules.all_rules import find_faults
from argo_ecr_auth_settings.settings import TargetSettings
from tests.unit.aws_clients import StubbedPrincipal, offline_client
from tests.unit.builders import (
    HOST,
    NOW,
    PASSWORD,
    b64,
    config_map_there,
    credential,
    edited,
    secret_there,
    settings,
    there,
)
from tests.unit.test_renewal_plan import plan_for


def test_the_expiry_is_written_in_utc_wherever_the_code_runs() -> None:
    tokyo = NOW.astimezone(timezone(timedelta(hours=9)))  # botocore answers in the machine's own zone (tzlocal)
    token = parse_authorization_token(b64("AWS:x"), expires_at=tokyo)
    assert (
        make_config_map_manifest(
            credential(), make_payload(credential(), {credential().registries[0]: token}, now=NOW)
        )["data"]["expireyTime"]
        == "2026-11-23T20:00:00Z"
    )


def test_a_reading_does_not_show_the_password() -> None:
    assert b64(PASSWORD) not in repr(there())


@pytest.mark.parametrize("text", ["é", "tökén"])
def test_a_token_that_is_not_ascii_is_refused(text: str) -> None:
    with pytest.raises(MalformedTokenError):
        parse_authorization_token(text, expires_at=NOW)


@pytest.mark.parametrize(
    "keys",
    [
        {"cluster": "demo\n"},
        {"cluster": "demo", "name": "x\n"},
        {"cluster": "demo", "region": "eu-west-1\n"},
        {"cluster": "demo", "account": "123456789012\n"},
        {"cluster": "demo", "namespace": "argocd\n"},
        {"cluster": "demo", "endpoint": "https://x\n"},
        {"cluster": "demo", "role_arn": "arn:aws:iam::123456789012:role/x\n"},
        {"cluster": "demo", "role_arn": "arn:aws:iam::123456789012:role/x", "external_id": "ab\n"},
        {"cluster": "demo", "credentials": [{"registry": HOST, "secret_name": "ecr-auth\n"}]},
        {"cluster": "demo", "credentials": [{"registry": HOST, "url": f"{HOST}/charts\n"}]},
        {"cluster": "demo", "credentials": [{"registry": HOST, "verify_repository": "charts\n"}]},
    ],
)
def test_a_line_break_at_the_end_is_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json.dumps(keys), type=TargetSettings)


def test_a_line_break_after_a_duration_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        settings(renew_before="6h\n")


@pytest.mark.parametrize("text", ["99999999999h", "9" * 20 + "s", "9" * 5000 + "h"], ids=["h", "s", "digits"])
def test_an_absurd_duration_is_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        settings(renew_before=text)


def test_an_authority_that_is_not_ascii_is_a_fault_and_no_crash() -> None:
    odd = settings(targets=[{"cluster": "demo", "endpoint": "https://x", "certificate_authority": "é"}])
    assert [fault.partition(":")[0] for fault in find_faults(odd)] == ["targets[0].certificate_authority"]


def test_an_authority_with_a_comment_that_is_not_ascii_is_a_fault() -> None:
    pem = "# Autorité\n-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n"
    odd = settings(targets=[{"cluster": "demo", "endpoint": "https://x", "certificate_authority": b64(pem)}])
    assert [fault.partition(":")[0] for fault in find_faults(odd)] == ["targets[0].certificate_authority"]


def test_an_authority_of_letters_that_are_no_certificate_is_a_fault() -> None:
    pem = "-----BEGIN CERTIFICATE-----"
    odd = settings(targets=[{"cluster": "demo", "endpoint": "https://x", "certificate_authority": b64(pem)}])
    assert find_faults(odd)


@pytest.mark.parametrize(
    "observed",
    [
        ObservedState(secret=edited(secret_there(), "data", "password", to=None), config_map=config_map_there()),
    ],
)
def test_a_null_password_is_replaced(observed: ObservedState) -> None:
    assert plan_for(observed).needs_token


@pytest.mark.parametrize(
    "found",
    [
        edited(secret_there(), "metadata", "ownerReferences", to=None),
    ],
)
def test_no_owners_are_no_owners(found: Any) -> None:
    refuse_foreign_objects(ObservedState(secret=found, config_map=None), credential())


@pytest.mark.parametrize("message", [None, {"a": 1}])
def test_a_refusal_with_an_odd_message_is_told(message: Any) -> None:
    said = read_aws_error(ClientError({"Error": {"Code": "X", "Message": message}}, "op"), asked="Y")
    assert str(said).startswith("asked Y: X")


EKS = offline_client("eks")


def test_an_answer_without_a_cluster_is_told() -> None:
    with Stubber(EKS) as stubber:
        stubber.add_response("describe_cluster", {})
        with pytest.raises(SyncError):
            describe_cluster(StubbedPrincipal(EKS), cluster="demo", region="eu-west-1")


def test_a_clusters_authority_that_is_not_ascii_is_told() -> None:
    with Stubber(EKS) as stubber:
        stubber.add_response(
            "describe_cluster", {"cluster": {"endpoint": "https://x", "certificateAuthority": {"data": "é"}}}
        )
        with pytest.raises(SyncError):
            describe_cluster(StubbedPrincipal(EKS), cluster="demo", region="eu-west-1")


def test_an_empty_authority_is_told() -> None:
    with pytest.raises(SyncError):
        make_api_client(Address(endpoint="https://x", certificate_authority=""))


def test_an_active_cluster_is_not_said_to_be_on_its_way() -> None:
    with Stubber(EKS) as stubber:
        stubber.add_response(
            "describe_cluster",
            {"cluster": {"status": "ACTIVE", "endpoint": "https://x", "certificateAuthority": {"data": "x"}}},
        )
        with pytest.raises(SyncError) as failed:
            describe_cluster(StubbedPrincipal(EKS), cluster="demo", region="eu-west-1")
    assert "yet" not in str(failed.value)
