"""Server-side apply in memory does as a real API server's: each test runs against both."""

from tests.simulation.namespace import Namespace, read_version
from tests.support.loopback import encode_base64


def test_an_apply_creates_what_is_missing_and_owns_each_key(namespace: Namespace) -> None:
    status, answer = namespace.apply(metadata={"labels": {"a": "1"}}, type="Opaque", data={"k": encode_base64("v")})

    assert status == 201
    assert (answer["kind"], answer["type"], answer["data"]) == ("Secret", "Opaque", {"k": encode_base64("v")})
    assert answer["metadata"]["labels"] == {"a": "1"}
    assert answer["metadata"]["name"] == "x"
    assert namespace.owners() == {
        ("us", "Apply"): {"f:metadata": {"f:labels": {"f:a": {}}}, "f:type": {}, "f:data": {"f:k": {}}}
    }


def test_the_same_apply_again_changes_nothing(namespace: Namespace) -> None:
    namespace.apply(data={"k": encode_base64("v")})
    before = namespace.found()

    status, answer = namespace.apply(data={"k": encode_base64("v")})

    assert (status, read_version(answer)) == (200, read_version(before))


def test_an_apply_that_changes_something_gives_a_new_version(namespace: Namespace) -> None:
    namespace.apply(data={"k": encode_base64("v")})
    before = namespace.found()

    status, answer = namespace.apply(data={"k": encode_base64("w")})

    assert status == 200
    assert read_version(answer) != read_version(before)
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
