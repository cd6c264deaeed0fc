"""The API server in memory answers as a real one: each test runs against both."""

import base64
import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from tests.simulation.api_server import ADMIN, ApiServer

_TYPES = {"apply": "application/apply-patch+yaml", "merge": "application/merge-patch+json"}
_ROLES = "/apis/rbac.authorization.k8s.io/v1/namespaces"


def _text(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


@dataclass(kw_only=True)
class Namespace:
    """A namespace of an API server, and what is done in it."""

    server: ApiServer
    name: str

    def path(self, plural: str, name: str = "x") -> str:
        return f"/api/v1/namespaces/{self.name}/{plural}/{name}"

    def get(self, plural: str = "secrets", *, token: str = ADMIN, name: str = "x") -> tuple[int, Any]:
        return self.server.request("GET", self.path(plural, name), token=token)

    def found(self, plural: str = "secrets") -> dict[str, Any]:
        status, answer = self.get(plural)
        assert status == 200
        return dict(answer)

    def create(self, plural: str = "secrets", **content: Any) -> tuple[int, Any]:
        path = f"/api/v1/namespaces/{self.name}/{plural}?fieldManager=creator"
        return self.server.request("POST", path, {"metadata": {"name": "x"}, **content})

    def apply(
        self,
        plural: str = "secrets",
        *,
        by: str = "us",
        force: bool = True,
        token: str = ADMIN,
        name: str = "x",
        metadata: dict[str, Any] | None = None,
        **content: Any,
    ) -> tuple[int, Any]:
        kind = {"secrets": "Secret", "configmaps": "ConfigMap"}[plural]
        body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, **(metadata or {})}, **content}
        path = f"{self.path(plural, name)}?fieldManager={by}&force={json.dumps(force)}"
        return self.server.request("PATCH", path, body, content_type=_TYPES["apply"], token=token)

    def merge(self, plural: str = "secrets", *, by: str = "somebody", **change: Any) -> tuple[int, Any]:
        path = f"{self.path(plural)}?fieldManager={by}"
        return self.server.request("PATCH", path, change, content_type=_TYPES["merge"])

    def owners(self, plural: str = "secrets") -> dict[tuple[str, str], Any]:
        return {
            (entry["manager"], entry["operation"]): _without_dots(entry["fieldsV1"])
            for entry in self.found(plural)["metadata"]["managedFields"]
        }

    def grant(self, *names: str) -> None:
        rule = {"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": ["get", "create", "patch"]}
        role = {"metadata": {"name": "r"}, "rules": [{**rule, "resourceNames": list(names)}]}
        binding = {
            "metadata": {"name": "r"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "argo-ecr-auth"}],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
        }
        for plural, manifest in (("roles", role), ("rolebindings", binding)):
            status, answer = self.server.request("POST", f"{_ROLES}/{self.name}/{plural}", manifest)
            assert status == 201, answer

    def revoke(self) -> None:
        assert self.server.request("DELETE", f"{_ROLES}/{self.name}/roles/r")[0] == 200


def _without_dots(fields: Any) -> Any:
    """A "." stands for a map itself: only updates have it, and nothing of ours reads it."""
    return {key: _without_dots(value) for key, value in fields.items() if key != "."}


@pytest.fixture
def namespace(api_server: ApiServer) -> Namespace:
    name = f"n-{uuid4().hex[:8]}"
    assert api_server.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})[0] == 201
    return Namespace(server=api_server, name=name)


def _version(found: dict[str, Any]) -> str:
    return str(found["metadata"]["resourceVersion"])


def test_an_apply_creates_what_is_missing_and_owns_each_key(namespace: Namespace) -> None:
    status, answer = namespace.apply(metadata={"labels": {"a": "1"}}, type="Opaque", data={"k": _text("v")})

    assert status == 201
    assert (answer["kind"], answer["type"], answer["data"]) == ("Secret", "Opaque", {"k": _text("v")})
    assert answer["metadata"]["labels"] == {"a": "1"}
    assert answer["metadata"]["name"] == "x"
    assert namespace.owners() == {
        ("us", "Apply"): {"f:metadata": {"f:labels": {"f:a": {}}}, "f:type": {}, "f:data": {"f:k": {}}}
    }


def test_the_same_apply_again_changes_nothing(namespace: Namespace) -> None:
    namespace.apply(data={"k": _text("v")})
    before = namespace.found()

    status, answer = namespace.apply(data={"k": _text("v")})

    assert (status, _version(answer)) == (200, _version(before))


def test_an_apply_that_changes_something_gives_a_new_version(namespace: Namespace) -> None:
    namespace.apply(data={"k": _text("v")})
    before = namespace.found()

    status, answer = namespace.apply(data={"k": _text("w")})

    assert status == 200
    assert _version(answer) != _version(before)
    assert answer["metadata"]["uid"] == before["metadata"]["uid"]


def test_what_an_apply_leaves_out_is_removed_and_what_others_wrote_stays(namespace: Namespace) -> None:
    namespace.apply("configmaps", metadata={"labels": {"a": "1", "b": "2"}}, data={"k": "v", "l": "w"})
    namespace.merge("configmaps", metadata={"labels": {"theirs": "3"}, "annotations": {"note": "4"}}, data={"m": "x"})

    namespace.apply("configmaps", metadata={"labels": {"a": "1"}}, data={"k": "v"})

    found = namespace.found("configmaps")
    assert found["metadata"]["labels"] == {"a": "1", "theirs": "3"}
    assert found["metadata"]["annotations"] == {"note": "4"}
    assert found["data"] == {"k": "v", "m": "x"}


def test_what_two_apply_stays_until_both_leave_it_out(namespace: Namespace) -> None:
    namespace.apply("configmaps", data={"k": "v", "l": "w"})
    namespace.apply("configmaps", by="them", force=False, data={"k": "v"})

    namespace.apply("configmaps", data={"l": "w"})
    assert namespace.found("configmaps")["data"] == {"k": "v", "l": "w"}

    namespace.apply("configmaps", by="them", data={})
    assert namespace.found("configmaps")["data"] == {"l": "w"}


def test_a_field_of_another_manager_is_a_conflict_without_force(namespace: Namespace) -> None:
    namespace.apply("configmaps", by="them", data={"k": "theirs"})

    status, answer = namespace.apply("configmaps", force=False, data={"k": "ours"})

    assert (status, answer["reason"]) == (409, "Conflict")
    assert namespace.found("configmaps")["data"] == {"k": "theirs"}


def test_force_takes_a_field_over_and_leaves_the_others_with_their_owner(namespace: Namespace) -> None:
    namespace.apply("configmaps", by="them", data={"k": "theirs", "l": "theirs"})

    status, _ = namespace.apply("configmaps", data={"k": "ours"})

    assert status == 200
    assert namespace.found("configmaps")["data"] == {"k": "ours", "l": "theirs"}
    assert namespace.owners("configmaps") == {
        ("them", "Apply"): {"f:data": {"f:l": {}}},
        ("us", "Apply"): {"f:data": {"f:k": {}}},
    }


def test_a_manager_that_loses_all_its_fields_is_forgotten(namespace: Namespace) -> None:
    namespace.apply("configmaps", by="them", data={"k": "theirs"})
    namespace.apply("configmaps", data={"k": "ours"})

    assert set(namespace.owners("configmaps")) == {("us", "Apply")}


def test_an_equal_value_is_owned_by_both(namespace: Namespace) -> None:
    namespace.apply("configmaps", by="them", data={"k": "same"})
    namespace.apply("configmaps", data={"k": "same"})

    assert set(namespace.owners("configmaps")) == {("them", "Apply"), ("us", "Apply")}


def test_an_update_takes_what_it_changes_and_an_apply_takes_it_back(namespace: Namespace) -> None:
    namespace.apply("configmaps", data={"k": "ours", "l": "ours"})
    namespace.merge("configmaps", data={"k": "theirs"})
    assert namespace.owners("configmaps") == {
        ("us", "Apply"): {"f:data": {"f:l": {}}},
        ("somebody", "Update"): {"f:data": {"f:k": {}}},
    }

    namespace.apply("configmaps", data={"k": "ours", "l": "ours"})

    assert namespace.owners("configmaps") == {("us", "Apply"): {"f:data": {"f:k": {}, "f:l": {}}}}


def test_an_apply_and_an_update_of_one_name_are_two_managers(namespace: Namespace) -> None:
    namespace.merge("configmaps", by="us", data={"k": "v"})  # of nothing that is there
    namespace.create("configmaps", data={"k": "v"})
    namespace.merge("configmaps", by="us", data={"l": "v"})
    namespace.apply("configmaps", data={"m": "v"})

    assert namespace.found("configmaps")["data"] == {"k": "v", "l": "v", "m": "v"}
    assert set(namespace.owners("configmaps")) == {("creator", "Update"), ("us", "Update"), ("us", "Apply")}


def test_a_removed_key_is_owned_by_nobody_and_comes_back_with_the_next_apply(namespace: Namespace) -> None:
    namespace.apply("configmaps", metadata={"labels": {"a": "1"}}, data={"k": "v"})
    namespace.merge("configmaps", metadata={"labels": None}, data={"k": None})
    assert "labels" not in namespace.found("configmaps")["metadata"]
    assert "data" not in namespace.found("configmaps")

    namespace.apply("configmaps", metadata={"labels": {"a": "1"}}, data={"k": "v"})

    assert namespace.found("configmaps")["data"] == {"k": "v"}
    assert namespace.found("configmaps")["metadata"]["labels"] == {"a": "1"}


def test_a_created_secret_without_a_type_is_opaque(namespace: Namespace) -> None:
    status, answer = namespace.create(data={"k": _text("v")})

    assert (status, answer["type"]) == (201, "Opaque")
    assert namespace.owners() == {("creator", "Update"): {"f:type": {}, "f:data": {"f:k": {}}}}


def test_what_is_there_cannot_be_created(namespace: Namespace) -> None:
    namespace.create()
    status, answer = namespace.create()

    assert (status, answer["reason"]) == (409, "AlreadyExists")


def test_an_apply_of_a_version_holds_only_for_that_version(namespace: Namespace) -> None:
    namespace.apply("configmaps", data={"k": "v"})
    before = _version(namespace.found("configmaps"))
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
    assert namespace.merge(data={"k": _text("v")})[0] == 404


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

    status, answer = namespace.apply(data={"k": _text("v")})

    assert (status, answer["reason"]) == (404, "NotFound")
    assert answer["message"] == f'namespaces "{namespace.name}" not found'


def test_a_secrets_type_cannot_be_changed(namespace: Namespace) -> None:
    namespace.create(type="Opaque")

    status, answer = namespace.apply(type="kubernetes.io/dockerconfigjson", data={".dockerconfigjson": _text("{}")})

    assert (status, answer["reason"]) == (422, "Invalid")


def test_an_immutable_object_takes_labels_and_no_data(namespace: Namespace) -> None:
    namespace.create("configmaps", immutable=True, data={"k": "v"})

    assert namespace.apply("configmaps", data={"k": "w"})[0] == 422
    assert namespace.merge("configmaps", immutable=None)[0] == 422
    assert namespace.apply("configmaps", metadata={"labels": {"a": "1"}})[0] == 200
    assert namespace.apply("configmaps", data={"k": "v"})[0] == 200


def test_a_key_is_in_data_or_in_binary_data(namespace: Namespace) -> None:
    namespace.create("configmaps", binaryData={"k": _text("v")})

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

    assert namespace.apply(token="member", data={"k": _text("v")})[0] == 201
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
