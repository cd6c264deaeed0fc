"""The API server in memory answers as a real one: each test runs against both."""

from typing import Any
from uuid import uuid4

import pytest

from tests.simulation.namespace import Namespace, read_version
from tests.support.loopback import encode_base64


def test_a_created_secret_without_a_type_is_opaque(namespace: Namespace) -> None:
    status, answer = namespace.create(data={"k": encode_base64("v")})

    assert (status, answer["type"]) == (201, "Opaque")
    assert namespace.owners() == {("creator", "Update"): {"f:type": {}, "f:data": {"f:k": {}}}}


def test_what_is_there_cannot_be_created(namespace: Namespace) -> None:
    namespace.create()
    status, answer = namespace.create()

    assert (status, answer["reason"]) == (409, "AlreadyExists")


def test_an_apply_of_a_version_holds_only_for_that_version(namespace: Namespace) -> None:
    namespace.apply("configmaps", data={"k": "v"})
    before = read_version(namespace.found("configmaps"))
    assert namespace.apply("configmaps", metadata={"resourceVersion": before}, data={"k": "w"})[0] == 200

    status, answer = namespace.apply("configmaps", metadata={"resourceVersion": before}, data={"k": "x"})

    assert (status, answer["reason"]) == (409, "Conflict")
    assert namespace.found("configmaps")["data"] == {"k": "w"}


def test_an_apply_of_a_version_creates_what_was_deleted_since(namespace: Namespace) -> None:
    status, answer = namespace.apply("configmaps", metadata={"resourceVersion": "1"}, data={"k": "x"})

    assert (status, answer["data"]) == (201, {"k": "x"})


def test_what_is_missing_is_not_found_in_the_words_of_the_api(namespace: Namespace) -> None:
    status, answer = namespace.get()
    assert (status, answer["kind"], answer["reason"]) == (404, "Status", "NotFound")
    assert answer["message"] == 'secrets "x" not found'
    assert namespace.merge(data={"k": encode_base64("v")})[0] == 404


def test_a_deleted_object_comes_back_as_another_without_its_owners(namespace: Namespace) -> None:
    namespace.apply("configmaps", data={"k": "v"})
    before = namespace.found("configmaps")["metadata"]["uid"]
    assert namespace.server.request("DELETE", namespace.path("configmaps"))[0] == 200
    assert namespace.server.request("DELETE", namespace.path("configmaps"))[0] == 404

    status, answer = namespace.apply("configmaps", by="them", data={"l": "w"})

    assert (status, answer["data"]) == (201, {"l": "w"})
    assert answer["metadata"]["uid"] != before
    assert set(namespace.owners("configmaps")) == {("them", "Apply")}


def test_a_missing_namespace_is_not_found(namespace: Namespace) -> None:
    namespace.name = f"missing-{uuid4().hex[:8]}"

    status, answer = namespace.apply(data={"k": encode_base64("v")})

    assert (status, answer["reason"]) == (404, "NotFound")
    assert answer["message"] == f'namespaces "{namespace.name}" not found'


def test_a_secrets_type_cannot_be_changed(namespace: Namespace) -> None:
    namespace.create(type="Opaque")

    status, answer = namespace.apply(
        type="kubernetes.io/dockerconfigjson", data={".dockerconfigjson": encode_base64("{}")}
    )

    assert (status, answer["reason"]) == (422, "Invalid")


def test_an_immutable_object_takes_labels_and_no_data(namespace: Namespace) -> None:
    namespace.create("configmaps", immutable=True, data={"k": "v"})

    assert namespace.apply("configmaps", data={"k": "w"})[0] == 422
    assert namespace.merge("configmaps", immutable=None)[0] == 422
    assert namespace.apply("configmaps", metadata={"labels": {"a": "1"}})[0] == 200
    assert namespace.apply("configmaps", data={"k": "v"})[0] == 200


def test_a_key_is_in_data_or_in_binary_data(namespace: Namespace) -> None:
    namespace.create("configmaps", binaryData={"k": encode_base64("v")})

    assert namespace.apply("configmaps", data={"k": "w"})[0] == 422
    assert namespace.merge("configmaps", binaryData={"k": None})[0] == 200
    assert namespace.apply("configmaps", data={"k": "w"})[0] == 200
    assert "binaryData" not in namespace.found("configmaps")


def test_a_secrets_data_is_base64(namespace: Namespace) -> None:
    assert namespace.apply(data={"k": "no base64!"})[0] == 500
    assert namespace.create(data={"k": "no base64!"})[0] == 400
    assert namespace.get()[0] == 404


def test_owner_references_are_kept(namespace: Namespace) -> None:
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": str(uuid4())}
    namespace.create("configmaps", metadata={"name": "x", "ownerReferences": [owner]})

    namespace.apply("configmaps", data={"k": "v"})

    assert namespace.found("configmaps")["metadata"]["ownerReferences"] == [owner]
    assert namespace.merge("configmaps", metadata={"ownerReferences": None})[0] == 200
    assert "ownerReferences" not in namespace.found("configmaps")["metadata"]


def test_an_unknown_token_is_unauthorized(namespace: Namespace) -> None:
    status, answer = namespace.get(token="unknown")

    assert (status, answer["kind"], answer["reason"]) == (401, "Status", "Unauthorized")


@pytest.mark.parametrize("token", ["member", "stranger"])
def test_without_a_role_nothing_is_allowed_in_the_words_of_the_api(namespace: Namespace, token: str) -> None:
    status, answer = namespace.get(token=token)

    assert (status, answer["reason"]) == (403, "Forbidden")
    assert answer["message"] == (
        f'secrets "x" is forbidden: User "{token}" cannot get resource "secrets" in API group "" '
        f'in the namespace "{namespace.name}"'
    )
    assert namespace.apply(token=token, data={})[1]["message"].startswith(
        f'secrets "x" is forbidden: User "{token}" cannot patch resource "secrets"'
    )


def test_a_role_allows_its_names_to_its_group_alone_until_it_is_removed(namespace: Namespace) -> None:
    namespace.grant("x", "y")

    assert namespace.apply(token="member", data={"k": encode_base64("v")})[0] == 201
    assert namespace.get(token="member")[0] == 200
    assert namespace.get(token="member", name="y")[0] == 404
    assert namespace.get(token="member", name="z")[0] == 403
    assert namespace.get(token="stranger")[0] == 403
    namespace.revoke()
    assert _eventually(lambda: namespace.get(token="member")[0], 403) == 403


def _eventually(ask: Any, wanted: object) -> object:
    """A real one notices within moments."""
    for _ in range(200):
        if (got := ask()) == wanted:
            break
    return got
