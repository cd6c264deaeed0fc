"""Asking EKS for a cluster's address: what it answers, and each way in which that can be wrong."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from argo_ecr_auth.api_server.transport import make_api_client
from argo_ecr_auth.aws.eks import Address, describe_cluster
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.messages import explain
from tests.unit.aws_clients import StubbedPrincipal, make_stub, offline_client
from tests.unit.builders import b64

CLIENT = offline_client("eks")
PEM = "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n"
AUTHORITY = {"data": b64(PEM)}
ENDPOINT = "https://ABC.gr7.eu-west-1.eks.amazonaws.com"


@pytest.fixture
def eks() -> Iterator[Stubber]:
    yield from make_stub(CLIENT)


def _address() -> Address:
    return describe_cluster(StubbedPrincipal(CLIENT), cluster="demo", region="eu-west-1")


def _failure() -> str:
    with pytest.raises(SyncError) as failed:
        _address()
    return explain(failed.value)


def test_the_address_is_what_eks_answers(eks: Stubber) -> None:
    answer = {"endpoint": ENDPOINT, "certificateAuthority": AUTHORITY, "status": "ACTIVE"}
    eks.add_response("describe_cluster", {"cluster": answer}, {"name": "demo"})
    assert _address() == Address(endpoint=ENDPOINT, certificate_authority=PEM)


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "CREATING"},
        {"status": "CREATING", "endpoint": ENDPOINT},
        {"status": "CREATING", "endpoint": ENDPOINT, "certificateAuthority": {}},
        {"status": "CREATING", "certificateAuthority": AUTHORITY},
    ],
)
def test_a_cluster_without_an_address_yet_is_told_with_its_status(eks: Stubber, answer: dict[str, Any]) -> None:
    eks.add_response("describe_cluster", {"cluster": answer})
    assert _failure() == (
        "cannot find the API server of the EKS cluster demo in eu-west-1: it has no endpoint and authority yet (its "
        "status is CREATING)"
    )


def test_an_answer_without_a_cluster_is_told_as_that(eks: Stubber) -> None:
    """Half of an answer is no JSON, which botocore takes for an empty one."""
    eks.add_response("describe_cluster", {})
    assert (
        _failure()
        == "cannot find the API server of the EKS cluster demo in eu-west-1: the response contains no cluster"
    )


@pytest.mark.parametrize("data", ["not base64!", b64(b"\xff"), "x", "é"])
def test_an_authority_that_cannot_be_read_is_a_failure(eks: Stubber, data: str) -> None:
    answer = {"endpoint": ENDPOINT, "certificateAuthority": {"data": data}, "status": "ACTIVE"}
    eks.add_response("describe_cluster", {"cluster": answer})
    failure = _failure()
    assert failure.startswith("cannot find the API server of the EKS cluster demo in eu-west-1: ")
    assert "yet" not in failure


def test_an_empty_authority_is_refused() -> None:
    with pytest.raises(SyncError):
        make_api_client(Address(endpoint=ENDPOINT, certificate_authority=""))


def test_a_cluster_that_is_not_there_is_told_with_what_to_correct(eks: Stubber) -> None:
    eks.add_client_error("describe_cluster", "ResourceNotFoundException", "No cluster found for name: demo.", 404)
    assert _failure() == (
        "there is no EKS cluster demo in eu-west-1; correct the target's cluster or region, or remove it"
    )


def test_a_refusal_is_in_ekss_words_with_the_right_that_is_needed(eks: Stubber) -> None:
    eks.add_client_error("describe_cluster", "AccessDeniedException", "User: x is not authorized", 403)
    assert _failure() == (
        "cannot find the API server of the EKS cluster demo in eu-west-1: AccessDeniedException: User: x is not "
        "authorized; the function's role needs eks:DescribeCluster on it"
    )
