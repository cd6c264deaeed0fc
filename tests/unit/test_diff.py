"""What a write would change, key by key; nothing that could be secret is ever shown of it."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo_ecr_auth.core.diff import Change, contains, diff_objects
from argo_ecr_auth.core.manifests import Payload, make_secret_manifest, payload_key
from argo_ecr_auth.core.observed import ObservedState
from argo_ecr_auth.core.results import new_result
from argo_ecr_auth.core.targets import Credential
from tests.unit.builders import (
    EACH_KIND,
    HOST,
    KINDS,
    PASSWORD,
    REMOVED,
    b64,
    config_map_there,
    credential,
    edited,
    payload,
    secret_there,
    target,
    there,
    with_config_map,
    with_secret,
)
from tests.unit.test_renewal_plan import plan_for


def _changes(observed: ObservedState, *, of: Credential | None = None, written: Payload | None = None) -> list[Change]:
    return list(diff_objects(observed, of or credential(), payload=written))


def test_where_nothing_is_there_every_key_but_the_tokens_own_is_reported_with_its_value() -> None:
    changes = _changes(ObservedState(secret=None, config_map=None))
    assert {change.actual for change in changes} == {None}
    assert {f"{change.kind} {change.part} {change.key}": change.desired for change in changes} == {
        "Secret label argocd.argoproj.io/secret-type": "repository",
        "Secret data url": HOST,
        "Secret data name": "ecr",
        "Secret data type": "helm",
        "Secret data enableOCI": "true",
        "Secret data username": "AWS",
        "ConfigMap label argo-ecr-auth": "managed-resource",
        "ConfigMap data name": HOST,
    }


def test_what_somebody_put_into_a_secret_is_not_told_nor_hashed() -> None:
    (change,) = _changes(with_secret("data", "url", to=b64("other")), written=payload())
    assert (change.actual, change.desired) == ("another value", HOST)


def _with_key(key: str, *, owned: bool) -> ObservedState:
    """Our Secret with this key too, written by whoever calls themselves our field manager, or by somebody else."""
    secret = edited(secret_there(), "data", key, to=b64("x"))
    fields = secret["metadata"]["managedFields"][0]["fieldsV1"]["f:data"] | {f"f:{key}": {}}
    owner = {"manager": "argo-ecr-auth", "operation": "Apply", "fieldsV1": {"f:data": fields}}
    managed = edited(secret, "metadata", "managedFields", to=[owner] if owned else [])
    return ObservedState(secret=managed, config_map=config_map_there())


@pytest.mark.parametrize(
    ("observed", "key", "tampered"),
    [
        (_with_key("project", owned=True), "project", False),
        (_with_key("proxy", owned=True), "proxy", False),
        (_with_key("proxy", owned=False), "proxy", False),
        (_with_key("insecure", owned=True), "insecure", True),
        (_with_key("tlsClientCertData", owned=True), "tlsClientCertData", True),
    ],
    ids=["ours", "ours as well", "of a Secret that is taken over", "never ours", "never ours either"],
)
def test_a_key_that_is_no_longer_wanted_is_a_change_and_tampering_if_it_was_never_ours(
    observed: ObservedState, key: str, tampered: bool
) -> None:
    (change,) = _changes(observed, written=payload())
    assert (change.key, change.desired, change.tampered) == (key, None, tampered)
    assert tampered or str(change) == f"the Secret's data {key} is no longer wanted"


def test_a_password_is_named_by_its_hash() -> None:
    (password, *_) = _changes(there(), written=payload(password="other"))
    assert password.actual == "sha256:" + hashlib.sha256(PASSWORD.encode()).hexdigest()[:32]


def test_what_somebody_wrote_into_a_config_map_is_not_told() -> None:
    """Whoever has seen the password may have written it there."""
    assert _changes(with_config_map("data", "name", to="other"), written=payload()) == [
        Change(kind="ConfigMap", part="data", key="name", actual="another value", desired=HOST)
    ]


# Nothing secret, wherever somebody put it


MARK = "planted"
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0")).map(lambda text: MARK + text + MARK)
OURS = ("url", "name", "type", "enableOCI", "project", "username", "password", ".dockerconfigjson")
PLACES = st.sampled_from(OURS) | st.from_regex(r"[a-z.-]{1,9}", fullmatch=True)
FOREIGN = st.from_regex(r"team/[a-z]{1,9}", fullmatch=True)


@st.composite
def _planted(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, str]]:
    """A Secret with planted values under every kind of key, and those of its data, decoded."""
    of = draw(st.sampled_from(list(KINDS.values())))
    values = draw(st.dictionaries(PLACES, TEXT))
    secret = secret_there(of=of)
    secret["data"] |= {key: b64(value) for key, value in values.items()}
    secret["metadata"]["labels"] |= draw(st.dictionaries(FOREIGN, TEXT))
    secret["metadata"]["annotations"] = draw(st.dictionaries(FOREIGN, TEXT)) | {
        "kubectl.kubernetes.io/last-applied-configuration": json.dumps({"stringData": values}),
    }
    return secret, values


def _said(observed: ObservedState, of: Credential, *, force: bool) -> str:
    plan = plan_for(observed, of=of, force=force)
    reason = "; ".join(plan.reasons)
    result = replace(new_result(target(), of, dry_run=True), reason=reason, changes=plan.changes)
    return repr(plan) + repr(result.as_dict())


@given(
    planted=_planted(),
    of=st.sampled_from(list(KINDS.values())),
    config_map=st.sampled_from([None, *(config_map_there(of=of) for of in KINDS.values())]),
    force=st.booleans(),
)
def test_nothing_of_a_secret_is_said(
    planted: tuple[dict[str, Any], dict[str, str]], of: Credential, config_map: Any, force: bool
) -> None:
    secret, values = planted
    said = _said(ObservedState(secret=secret, config_map=config_map), of, force=force)
    secrets = (MARK, PASSWORD, b64(f"AWS:{PASSWORD}"), *map(b64, values.values()), b64(PASSWORD))
    assert [text for text in secrets if text in said] == []


@given(value=st.binary(min_size=8), key=st.sampled_from(OURS), of=st.sampled_from(list(KINDS.values())))
def test_nothing_of_bytes_is_said(value: bytes, key: str, of: Credential) -> None:
    assert b64(value) not in _said(with_secret("data", key, to=b64(value), of=of), of, force=False)


@EACH_KIND
def test_a_token_that_is_to_be_written_is_not_said(of: Credential) -> None:
    written = payload(of=of)
    said = repr(_changes(with_secret("data", payload_key(of), to=b64("other"), of=of), of=of, written=written))
    assert [text for text in (PASSWORD, b64(f"AWS:{PASSWORD}"), b64(written.text)) if text in said] == []


@EACH_KIND
def test_what_is_secret_is_not_said_where_its_key_is_gone_from_the_config_map(of: Credential) -> None:
    said = _said(with_config_map("metadata", "annotations", to=REMOVED, of=of), of, force=False)
    assert [text for text in (PASSWORD, b64(f"AWS:{PASSWORD}")) if text in said] == []


@pytest.mark.parametrize("part", ["metadata", "data", "type"])
@pytest.mark.parametrize("odd", [None, 1, "text", ["list"], {}], ids=repr)
def test_an_object_with_a_part_that_is_something_else_does_not_hold_a_manifest(part: str, odd: object) -> None:
    manifest = make_secret_manifest(credential(), payload())
    assert contains(manifest, manifest)
    assert not contains({**manifest, part: odd}, manifest)
