"""What others do to the objects of a credential."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from argo_ecr_auth.core.manifests import FINGERPRINT_ANNOTATION, SOURCE_ANNOTATION, VERIFIED_ANNOTATION, payload_key
from argo_ecr_auth.core.timestamps import EXPIRY_KEY, format_time
from tests.simulation.api_request import APPLY, MERGE
from tests.simulation.ledger import Account, list_own_paths
from tests.simulation.reality import Reality
from tests.simulation.stored_object import Path
from tests.support.loopback import encode_base64

Edit = Callable[[Account, Reality], None]


def _patch(account: Account, plural: str, change: dict[str, Any]) -> None:
    path = f"{account.path(plural)}?fieldManager=somebody"
    status, answer = account.api_server.request("PATCH", path, change, content_type=MERGE)
    assert status in {200, 404, 422}, answer
    account.may_write = True


def _secret(**data: str | None) -> Edit:
    change = {key: value if value is None else encode_base64(value) for key, value in data.items()}

    def edit(account: Account, _: Reality) -> None:
        own = list_own_paths(account.credential)
        _patch(account, "secrets", {"data": change})
        for key, value in change.items():
            leaf = "secrets", ("data", key)
            if leaf not in own and value is not None and account.get("secrets"):
                account.others[leaf] = value

    return edit


def _metadata(plural: str, part: str, key: str, value: str | None) -> Edit:
    def edit(account: Account, _: Reality) -> None:
        _patch(account, plural, {"metadata": {part: {key: value}}})
        account.unvouched |= plural == "configmaps"

    return edit


def _config_map(**data: str | None) -> Edit:
    def edit(account: Account, _: Reality) -> None:
        _patch(account, "configmaps", {"data": data})
        account.unvouched = True

    return edit


def _move_expiry(span: timedelta) -> Edit:
    return lambda account, reality: _config_map(**{EXPIRY_KEY: format_time(reality.now + span)})(account, reality)


def _change_password(value: str | None) -> Edit:
    def edit(account: Account, _: Reality) -> None:
        change = {payload_key(account.credential): value if value is None else encode_base64(value)}
        _patch(account, "secrets", {"data": change})
        account.unvouched = account.broken = True

    return edit


def _strip_labels(account: Account, _: Reality) -> None:
    for plural in ("secrets", "configmaps"):
        _patch(account, plural, {"metadata": {"labels": None}})
        for leaf in [leaf for leaf in account.others if leaf[0] == plural and leaf[1][:2] == ("metadata", "labels")]:
            del account.others[leaf]


def _put_into_binary_data(account: Account, _: Reality) -> None:
    change = {"data": {EXPIRY_KEY: None}, "binaryData": {EXPIRY_KEY: encode_base64("tomorrow")}}
    _patch(account, "configmaps", change)
    account.unvouched = True


def _add(plural: str, path: Path, value: str) -> Edit:
    """A key of somebody's own, which must stay."""

    def edit(account: Account, _: Reality) -> None:
        change: Any = value
        for step in reversed(path):
            change = {step: change}
        before = account.may_write
        _patch(account, plural, change)
        account.may_write = before
        if account.get(plural):
            account.others[plural, path] = value

    return edit


def delete(account: Account, plural: str) -> None:
    account.api_server.request("DELETE", account.path(plural))
    account.others = {leaf: value for leaf, value in account.others.items() if leaf[0] != plural}
    account.may_write = account.unvouched = True
    account.broken |= plural == "secrets"


def _delete_both(account: Account, _: Reality) -> None:
    delete(account, "secrets")
    delete(account, "configmaps")


def _back_up(account: Account, _: Reality) -> None:
    account.backup = {plural: account.get(plural) for plural in ("secrets", "configmaps")}
    account.others_in_backup = dict(account.others)


def _restore(account: Account, reality: Reality) -> None:
    """As a backup tool does: the objects as they were, created by the tool."""
    if not account.backup:
        return
    _delete_both(account, reality)
    for plural in ("secrets", "configmaps"):
        if found := account.backup[plural]:
            kept = {key: value for key, value in found.items() if key in {"type", "data", "binaryData"}}
            names = ("name", "labels", "annotations")
            kept["metadata"] = {key: value for key, value in found["metadata"].items() if key in names}
            path = account.path(plural).rpartition("/")[0]
            status, answer = account.api_server.request("POST", f"{path}?fieldManager=backup", kept)
            assert status == 201, answer
    account.others = {leaf: value for leaf, value in account.others_in_backup.items() if account.get(leaf[0])}


def _take_over(account: Account, _: Reality) -> None:
    """Another manager applies our keys with other values, and one of its own."""
    found = account.get("secrets")
    if not found:
        return
    keys = {path[1] for plural, path in list_own_paths(account.credential) if plural == "secrets" and path[0] == "data"}
    data = dict.fromkeys([*keys - {payload_key(account.credential)}, "rival"], encode_base64("theirs"))
    labels = {key: "theirs" for key in found["metadata"].get("labels") or {} if key.startswith("argocd.")}
    manifest: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": account.credential.secret_name, "labels": labels},
        "type": found["type"],
        "data": data,
    }
    path = f"{account.path('secrets')}?fieldManager=rival&force=true"
    status, answer = account.api_server.request("PATCH", path, manifest, content_type=APPLY)
    assert status == 200, answer
    account.others["secrets", ("data", "rival")] = data["rival"]
    account.may_write = True


EDITS: Mapping[str, Edit] = {
    "password overwritten": _change_password("something else"),
    "password removed": _change_password(None),
    "expiry in the past": _move_expiry(timedelta(days=-3)),
    "expiry near": _move_expiry(timedelta(hours=1)),
    "expiry far": _move_expiry(timedelta(days=300)),
    "expiry a bit later": _move_expiry(timedelta(hours=11, minutes=59)),
    "expiry no time": _config_map(**{EXPIRY_KEY: "tomorrow"}),
    "expiry removed": _config_map(**{EXPIRY_KEY: None}),
    "expiry in binaryData": _put_into_binary_data,
    "fingerprint changed": _metadata("configmaps", "annotations", FINGERPRINT_ANNOTATION, "sha256:0"),
    "fingerprint removed": _metadata("configmaps", "annotations", FINGERPRINT_ANNOTATION, None),
    "source changed": _metadata("configmaps", "annotations", SOURCE_ANNOTATION, "elsewhere as nobody"),
    "mark added": _metadata("configmaps", "annotations", VERIFIED_ANNOTATION, "true"),
    "ConfigMap's name changed": _config_map(name="another"),
    "ConfigMap's label changed": _metadata("configmaps", "labels", "argo-ecr-auth", "other"),
    "labels stripped": _strip_labels,
    "url changed": _secret(url="https://example.org"),
    "username changed": _secret(username="me"),
    "enableOCI reset": _secret(enableOCI="false"),
    "name removed": _secret(name=None),
    "label added": _add("secrets", ("metadata", "labels", "somebodys"), "1"),
    "annotation added": _add("secrets", ("metadata", "annotations", "somebodys"), "2"),
    "key added": _add("secrets", ("data", "somebodys"), encode_base64("3")),
    "ConfigMap's key added": _add("configmaps", ("data", "somebodys"), "4"),
    "ConfigMap's annotation added": _add("configmaps", ("metadata", "annotations", "somebodys"), "5"),
    "Secret deleted": lambda account, _: delete(account, "secrets"),
    "ConfigMap deleted": lambda account, _: delete(account, "configmaps"),
    "both deleted": _delete_both,
    "backed up": _back_up,
    "restored": _restore,
    "taken over": _take_over,
}


_OWNER = {
    "apiVersion": "v1",
    "kind": "Deployment",
    "name": "owner",
    "uid": "00000000-0000-0000-0000-000000000001",
}
FOREIGN_KINDS: Mapping[str, dict[str, Any]] = {
    "an owner": {"metadata": {"ownerReferences": [_OWNER]}},
    "External Secrets": {"metadata": {"labels": {"reconcile.external-secrets.io/managed": "true"}}},
    "immutable": {"immutable": True},
}
"""What makes a Secret somebody else's, or one that nobody can write to."""


def make_foreign(account: Account, kind: str) -> None:
    if account.get("secrets"):
        _patch(account, "secrets", FOREIGN_KINDS[kind])
        account.foreign = account.unvouched = True


def end_foreign(account: Account) -> None:
    """An administrator deletes it."""
    if account.foreign:
        delete(account, "secrets")
        account.foreign = False
