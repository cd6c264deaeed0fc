"""What others do to the objects of a credential."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from argo_ecr_auth.core.kinds import KINDS
from argo_ecr_auth.core.manifests import FINGERPRINT_ANNOTATION, SOURCE_ANNOTATION, VERIFIED_ANNOTATION, payload_key
from argo_ecr_auth.core.timestamps import EXPIRY_KEY, format_time
from tests.simulation.cluster import APPLY, MERGE
from tests.simulation.ledger import Ledger, Path, find_own_leaves
from tests.simulation.reality import Reality
from tests.support.objects import encode_base64

Edit = Callable[[Ledger, Reality], None]


def _patch(ledger: Ledger, plural: str, change: dict[str, Any]) -> None:
    path = f"{ledger.path(plural)}?fieldManager=somebody"
    status, answer = ledger.cluster.request("PATCH", path, change, content_type=MERGE)
    assert status in {200, 404, 422}, answer
    ledger.changed = True


def _secret(**data: str | None) -> Edit:
    change = {key: value if value is None else encode_base64(value) for key, value in data.items()}

    def edit(ledger: Ledger, _: Reality) -> None:
        own = find_own_leaves(ledger.credential)
        _patch(ledger, "secrets", {"data": change})
        for key, value in change.items():
            leaf = "secrets", ("data", key)
            if leaf not in own and value is not None and ledger.read("secrets"):
                ledger.others[leaf] = value

    return edit


def _metadata(part: str, key: str, value: str | None) -> Edit:
    def edit(ledger: Ledger, _: Reality) -> None:
        _patch(ledger, "configmaps", {"metadata": {part: {key: value}}})
        ledger.unvouched = True

    return edit


def _config_map(**data: str | None) -> Edit:
    def edit(ledger: Ledger, _: Reality) -> None:
        _patch(ledger, "configmaps", {"data": data})
        ledger.unvouched = True

    return edit


def _move_expiry(span: timedelta) -> Edit:
    return lambda ledger, reality: _config_map(**{EXPIRY_KEY: format_time(reality.now + span)})(ledger, reality)


def _change_password(value: str | None) -> Edit:
    def edit(ledger: Ledger, _: Reality) -> None:
        change = {payload_key(ledger.credential): value if value is None else encode_base64(value)}
        _patch(ledger, "secrets", {"data": change})
        ledger.unvouched = ledger.broken = True

    return edit


def _strip_labels(ledger: Ledger, _: Reality) -> None:
    for plural in ("secrets", "configmaps"):
        _patch(ledger, plural, {"metadata": {"labels": None}})
        for leaf in [leaf for leaf in ledger.others if leaf[0] == plural and leaf[1][:2] == ("metadata", "labels")]:
            del ledger.others[leaf]


def _put_into_binary_data(ledger: Ledger, _: Reality) -> None:
    change = {"data": {EXPIRY_KEY: None}, "binaryData": {EXPIRY_KEY: encode_base64("tomorrow")}}
    _patch(ledger, "configmaps", change)
    ledger.unvouched = True


def _add(plural: str, path: Path, value: str) -> Edit:
    """A key of somebody's own, which must stay."""

    def edit(ledger: Ledger, _: Reality) -> None:
        change: Any = value
        for step in reversed(path):
            change = {step: change}
        before = ledger.changed
        _patch(ledger, plural, change)
        ledger.changed = before
        if ledger.read(plural):
            ledger.others[plural, path] = value

    return edit


def _send_elsewhere(ledger: Ledger, _: Reality) -> None:
    """A key by which Argo CD would send the token through a proxy. It is no key of a pull-secret."""
    _patch(ledger, "secrets", {"data": {"proxy": encode_base64("http://proxy.example.org")}})
    if not KINDS[ledger.credential.kind].for_argo_cd and ledger.read("secrets"):
        ledger.others["secrets", ("data", "proxy")] = encode_base64("http://proxy.example.org")


def delete(ledger: Ledger, plural: str) -> None:
    ledger.cluster.request("DELETE", ledger.path(plural))
    ledger.others = {leaf: value for leaf, value in ledger.others.items() if leaf[0] != plural}
    ledger.changed = ledger.unvouched = True
    ledger.broken |= plural == "secrets"


def _delete_both(ledger: Ledger, _: Reality) -> None:
    delete(ledger, "secrets")
    delete(ledger, "configmaps")


def back_up(ledger: Ledger) -> Callable[[], None]:
    """Returns a function that restores both objects, as a backup tool does: it creates them."""
    credential = ledger.credential
    objects = {plural: ledger.read(plural) for plural in ("secrets", "configmaps")}
    others = dict(ledger.others)

    def restore() -> None:
        if ledger.foreign or ledger.credential != credential:
            return
        for plural, found in objects.items():
            delete(ledger, plural)
            if not found:
                continue
            kept = {key: found[key] for key in ("type", "data", "binaryData") if key in found}
            names = ("name", "labels", "annotations")
            kept["metadata"] = {key: value for key, value in found["metadata"].items() if key in names}
            path = ledger.path(plural).rpartition("/")[0]
            status, answer = ledger.cluster.request("POST", f"{path}?fieldManager=backup", kept)
            assert status == HTTPStatus.CREATED, answer
        ledger.others = others

    return restore


def _take_over(ledger: Ledger, _: Reality) -> None:
    """Another manager applies our keys with other values, and one of its own."""
    found = ledger.read("secrets")
    if not found:
        return
    own = find_own_leaves(ledger.credential)
    keys = {path[1] for plural, path in own if plural == "secrets" and path[0] == "data"}
    data = dict.fromkeys([*keys - {payload_key(ledger.credential)}, "rival"], encode_base64("theirs"))
    labels = {key: "theirs" for key in found["metadata"].get("labels") or {} if key.startswith("argocd.")}
    manifest: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": ledger.credential.secret_name, "labels": labels},
        "type": found["type"],
        "data": data,
    }
    path = f"{ledger.path('secrets')}?fieldManager=rival&force=true"
    status, answer = ledger.cluster.request("PATCH", path, manifest, content_type=APPLY)
    assert status == 200, answer
    ledger.others["secrets", ("data", "rival")] = data["rival"]
    ledger.changed = True


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
    "fingerprint changed": _metadata("annotations", FINGERPRINT_ANNOTATION, "sha256:0"),
    "fingerprint removed": _metadata("annotations", FINGERPRINT_ANNOTATION, None),
    "source changed": _metadata("annotations", SOURCE_ANNOTATION, "elsewhere as nobody"),
    "mark added": _metadata("annotations", VERIFIED_ANNOTATION, "true"),
    "ConfigMap's name changed": _config_map(name="another"),
    "ConfigMap's label changed": _metadata("labels", "argo-ecr-auth", "other"),
    "labels stripped": _strip_labels,
    "url changed": _secret(url="https://example.org"),
    "username changed": _secret(username="me"),
    "enableOCI reset": _secret(enableOCI="false"),
    "name removed": _secret(name=None),
    "proxy added": _send_elsewhere,
    "label added": _add("secrets", ("metadata", "labels", "somebodys"), "1"),
    "annotation added": _add("secrets", ("metadata", "annotations", "somebodys"), "2"),
    "key added": _add("secrets", ("data", "somebodys"), encode_base64("3")),
    "ConfigMap's key added": _add("configmaps", ("data", "somebodys"), "4"),
    "ConfigMap's annotation added": _add("configmaps", ("metadata", "annotations", "somebodys"), "5"),
    "Secret deleted": lambda ledger, _: delete(ledger, "secrets"),
    "ConfigMap deleted": lambda ledger, _: delete(ledger, "configmaps"),
    "both deleted": _delete_both,
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


def make_foreign(ledger: Ledger, kind: str) -> None:
    if ledger.read("secrets"):
        _patch(ledger, "secrets", FOREIGN_KINDS[kind])
        ledger.foreign = ledger.unvouched = True


def end_foreign(ledger: Ledger) -> None:
    """An administrator deletes it."""
    if ledger.foreign:
        delete(ledger, "secrets")
        ledger.foreign = False
