"""Why a credential is written, with which token, and what is left alone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo_ecr_auth.core.authorization_token import fingerprint
from argo_ecr_auth.core.manifests import EXPIRY_ANNOTATION, REFUSED_ANNOTATION, Payload, format_time
from argo_ecr_auth.core.observed import ObservedState
from argo_ecr_auth.core.plan import Plan, jitter, make_plan
from argo_ecr_auth.core.registry import parse_registry
from argo_ecr_auth.core.targets import Credential, Role
from tests.unit.builders import (
    HOST,
    KINDS,
    NOW,
    OTHER_HOST,
    PASSWORD,
    REMOVED,
    b64,
    config_map_there,
    credential,
    edited,
    payload,
    pull_secret,
    secret_there,
    there,
)

RENEW_BEFORE = timedelta(hours=6)
FINGERPRINT = ("metadata", "annotations", "argo-ecr-auth/password-fingerprint")
SOURCE = ("metadata", "annotations", "argo-ecr-auth/token-source")
SECRET_TYPE = ("metadata", "labels", "argocd.argoproj.io/secret-type")
MANAGED = ("metadata", "labels", "argo-ecr-auth")


def _plan(
    observed: ObservedState,
    *,
    of: Credential | None = None,
    renew_before: timedelta = RENEW_BEFORE,
    force: bool = False,
) -> Plan:
    return make_plan(observed, credential=of or credential(), now=NOW, renew_before=renew_before, force=force)


def _secret(*path: str, to: Any) -> ObservedState:
    return ObservedState(secret=edited(secret_there(), *path, to=to), config_map=config_map_there())


def _config_map(*path: str, to: Any) -> ObservedState:
    return ObservedState(secret=secret_there(), config_map=edited(config_map_there(), *path, to=to))


def _expiring(text: str) -> ObservedState:
    return _config_map("data", "expireyTime", to=text)


def test_nothing_is_due_while_all_is_as_it_was_written() -> None:
    ends = NOW + timedelta(hours=11)
    assert _plan(there()) == Plan(action="fresh", reasons=(), expires_at=ends, payload=payload(), held=payload())


MISSING = [
    (ObservedState(secret=None, config_map=None), "created", "there is no Secret and no ConfigMap"),
    (ObservedState(secret=None, config_map=config_map_there()), "repaired", "the Secret is missing"),
    (ObservedState(secret=secret_there(), config_map=None), "repaired", "the ConfigMap is missing"),
]


@pytest.mark.parametrize(("observed", "action", "reason"), MISSING)
def test_a_missing_object_is_made(observed: ObservedState, action: str, reason: str) -> None:
    plan = _plan(observed)
    assert (plan.action, plan.reasons) == (action, (reason,))


@pytest.mark.parametrize(("observed", "action", "reason"), MISSING)
def test_a_missing_object_asks_for_a_new_token(observed: ObservedState, action: str, reason: str) -> None:
    assert _plan(observed).payload is None


# What differs, while the token that is there is known to be good.
KEPT = [
    (_secret(*SECRET_TYPE, to=REMOVED), "the Secret's label argocd.argoproj.io/secret-type is missing"),
    (_secret(*SECRET_TYPE, to="repo-creds"), "the Secret's label argocd.argoproj.io/secret-type differs"),
    (_secret("metadata", "labels", to=REMOVED), "the Secret's label argocd.argoproj.io/secret-type is missing"),
    (_secret("metadata", "labels", to=None), "the Secret's label argocd.argoproj.io/secret-type is missing"),
    *(
        observed
        for key in ("url", "name", "type", "enableOCI", "username")
        for observed in (
            (_secret("data", key, to=b64("other")), f"the Secret's data {key} differs"),
            (_secret("data", key, to=REMOVED), f"the Secret's data {key} is missing"),
        )
    ),
    (_secret("data", "url", to=b64(HOST + "\n")), "the Secret's data url differs"),
    (_secret("data", "enableOCI", to=b64("false")), "the Secret's data enableOCI differs"),
    (_secret("data", "url", to=None), "the Secret's data url is missing"),
    (_config_map(*MANAGED, to=REMOVED), "the ConfigMap's label argo-ecr-auth is missing"),
    (_config_map(*MANAGED, to=""), "the ConfigMap's label argo-ecr-auth differs"),
    (_config_map("metadata", "labels", to=None), "the ConfigMap's label argo-ecr-auth is missing"),
    (_config_map("data", "name", to="other"), "the ConfigMap's data name differs"),
    (_config_map("data", "name", to=REMOVED), "the ConfigMap's data name is missing"),
]
# What makes the token that is there worthless, or of unknown worth.
DOUBTED = [
    (_secret("data", "password", to=b64("other")), "the password is not the one that was written"),
    (_secret("data", "password", to=b64(PASSWORD + "\n")), "the password is not the one that was written"),
    (_secret("data", "password", to=""), "the password is not the one that was written"),
    (_secret("data", "password", to=REMOVED), "the password is not the one that was written"),
    (_secret("data", "password", to="x"), "the password is not the one that was written"),
    (_secret("data", "password", to=b64(b"\xff\xfe")), "the password is not the one that was written"),
    (_config_map(*FINGERPRINT, to=fingerprint(b"other")), "the password is not the one that was written"),
    (_config_map(*FINGERPRINT, to=""), "the password is not the one that was written"),
    (
        _config_map(*FINGERPRINT, to=REMOVED),
        "the password has no fingerprint in the ConfigMap: something else wrote it",
    ),
    (_config_map("data", "expireyTime", to=REMOVED), "the ConfigMap has no expireyTime"),
    (_expiring(""), "the ConfigMap's expireyTime is not a time of RFC 3339"),
    (_expiring("soon"), "the ConfigMap's expireyTime is not a time of RFC 3339"),
    (_expiring("1795500000"), "the ConfigMap's expireyTime is not a time of RFC 3339"),
    (_expiring("2026-11-24"), "the ConfigMap's expireyTime is not a time of RFC 3339"),
    (_expiring("2026-11-24T04:55:22"), "the ConfigMap's expireyTime is not a time of RFC 3339"),
    (_expiring("2026-02-30T04:55:22Z"), "the ConfigMap's expireyTime is not a time of RFC 3339"),
    (_expiring("0001-01-01T00:00:00+14:00"), "the ConfigMap's expireyTime is not a time of RFC 3339"),
    (_expiring("9999-12-31T23:59:59-14:00"), "the ConfigMap's expireyTime is not a time of RFC 3339"),
    (_expiring("9999-12-31T23:59:59Z"), "the ConfigMap's expireyTime is further ahead than a token lives"),
    (_expiring("2026-11-24T08:05:01Z"), "the ConfigMap's expireyTime is further ahead than a token lives"),
]


@pytest.mark.parametrize(("observed", "reason"), [*KEPT, *DOUBTED])
def test_each_difference_is_repaired_for_its_own_reason(observed: ObservedState, reason: str) -> None:
    plan = _plan(observed)
    assert (plan.action, plan.reasons) == ("repaired", (reason,))


@pytest.mark.parametrize(("observed", "_reason"), KEPT)
def test_what_a_good_token_lacks_is_repaired_with_the_token_that_is_there(
    observed: ObservedState, _reason: str
) -> None:
    assert _plan(observed).payload == payload()


@pytest.mark.parametrize(("observed", "_reason"), DOUBTED)
def test_a_token_of_unknown_worth_is_replaced(observed: ObservedState, _reason: str) -> None:
    assert _plan(observed).payload is None


@pytest.mark.parametrize("data", [None, {}, REMOVED], ids=["null", "empty", "gone"])
def test_a_secret_without_data_is_repaired_with_a_new_token(data: Any) -> None:
    plan = _plan(_secret("data", to=data))
    assert (plan.action, plan.payload) == ("repaired", None)


@pytest.mark.parametrize("data", [None, {}, REMOVED], ids=["null", "empty", "gone"])
def test_a_config_map_without_data_is_repaired_with_a_new_token(data: Any) -> None:
    plan = _plan(_config_map("data", to=data))
    assert (plan.action, plan.payload) == ("repaired", None)


def test_several_differences_are_all_told() -> None:
    observed = ObservedState(
        secret=edited(secret_there(), "data", "password", to=b64("other")),
        config_map=edited(config_map_there(), *MANAGED, to=REMOVED),
    )
    assert _plan(observed).reasons == (
        "the password is not the one that was written",
        "the ConfigMap's label argo-ecr-auth is missing",
    )


def test_nothing_is_known_of_the_expiry_of_another_password() -> None:
    assert _plan(_secret("data", "password", to=b64("other"))).expires_at is None


def test_the_expiry_is_known_beside_a_missing_label() -> None:
    assert _plan(_secret(*SECRET_TYPE, to=REMOVED)).expires_at == NOW + timedelta(hours=11)


@pytest.mark.parametrize(
    ("left", "reason"),
    [
        (timedelta(hours=5, minutes=59, seconds=59), "5h59m of the token's life left, renewed below 6h00m"),
        (timedelta(seconds=1), "0h00m of the token's life left, renewed below 6h00m"),
        (timedelta(), "the token has ended, renewed below 6h00m"),
        (timedelta(days=-400), "the token has ended, renewed below 6h00m"),
    ],
)
def test_a_token_with_less_than_that_left_is_renewed(left: timedelta, reason: str) -> None:
    plan = _plan(there(payload(left=left)))
    assert (plan.action, plan.reasons, plan.payload) == ("renewed", (reason,), None)


def test_the_expiry_of_a_token_that_is_due_is_known() -> None:
    assert _plan(there(payload(left=timedelta(hours=1)))).expires_at == NOW + timedelta(hours=1)


def test_a_token_with_exactly_that_left_is_fresh() -> None:
    assert _plan(there(payload(left=RENEW_BEFORE))).action == "fresh"


def test_a_clock_that_runs_a_little_behind_does_not_doubt_a_new_token() -> None:
    assert _plan(there(payload(left=timedelta(hours=12, minutes=5)))).action == "fresh"


def test_the_expiry_counts_in_whatever_zone_it_is_written() -> None:
    text = "2026-11-24T08:00:00+01:00"
    observed = _config_map("data", "expireyTime", to=text)
    assert observed.config_map is not None
    written_so = edited(observed.config_map, "metadata", "annotations", EXPIRY_ANNOTATION, to=text)
    assert _plan(ObservedState(secret=observed.secret, config_map=written_so)).expires_at == NOW + timedelta(hours=11)


def test_an_expiry_that_was_moved_is_replaced_with_a_new_token() -> None:
    plan = _plan(_expiring("2026-11-24T07:59:59Z"))
    assert (plan.action, plan.payload, plan.expires_at) == ("repaired", None, None)
    assert plan.reasons == ("the ConfigMap's expireyTime is not the one that was written",)


def test_a_renewal_that_was_asked_for_is_due_although_the_token_is_fresh() -> None:
    plan = _plan(there(), force=True)
    assert (plan.action, plan.reasons, plan.payload) == ("renewed", ("a renewal was asked for",), None)


def test_a_repair_while_a_renewal_is_due_takes_a_new_token() -> None:
    observed = ObservedState(
        secret=edited(secret_there(payload(left=timedelta(hours=1))), *SECRET_TYPE, to=REMOVED),
        config_map=config_map_there(payload(left=timedelta(hours=1))),
    )
    plan = _plan(observed)
    assert (plan.action, plan.payload) == ("repaired", None)


def test_a_run_that_ended_between_its_two_writes_is_repaired() -> None:
    observed = ObservedState(secret=secret_there(payload(password="newer")), config_map=config_map_there())
    assert _plan(observed).reasons == ("the password is not the one that was written",)


@pytest.mark.parametrize("annotations", [REMOVED, None, {}], ids=["gone", "null", "empty"])
def test_objects_of_the_original_tool_are_taken_over_with_a_new_token(annotations: Any) -> None:
    plan = _plan(_config_map("metadata", "annotations", to=annotations))
    assert (plan.action, plan.payload) == ("repaired", None)


def test_bytes_that_are_no_text_are_replaced_although_their_fingerprint_is_there() -> None:
    odd = b"\xff\xfe"
    observed = ObservedState(
        secret=edited(secret_there(), "data", "password", to=b64(odd)),
        config_map=edited(config_map_there(), *FINGERPRINT, to=fingerprint(odd)),
    )
    assert _plan(observed).payload is None


def test_a_token_of_an_unknown_source_is_replaced() -> None:
    plan = _plan(_config_map(*SOURCE, to=REMOVED))
    assert (plan.action, plan.payload) == ("repaired", None)


REFUSED = f"{HOST} refuses the new token (401)"


def _refused(written: Payload | None = None, *, by: str = "argo-ecr-auth") -> ObservedState:
    """What is in the cluster after a run that wrote a refused token."""
    fields: dict[str, Any] = {"f:metadata": {"f:annotations": {f"f:{REFUSED_ANNOTATION}": {}}}}
    entries = [{"manager": by, "operation": "Apply", "fieldsV1": fields}]
    config_map = edited(config_map_there(written), "metadata", "annotations", REFUSED_ANNOTATION, to=REFUSED)
    return ObservedState(
        secret=secret_there(written), config_map=edited(config_map, "metadata", "managedFields", to=entries)
    )


def test_a_token_that_was_refused_is_replaced_and_counts_for_nothing() -> None:
    plan = _plan(_refused())
    assert (plan.action, plan.payload, plan.expires_at, plan.refused) == ("repaired", None, None, REFUSED)


@pytest.mark.parametrize(
    ("observed", "force"),
    [
        (_refused(payload(left=timedelta(hours=1))), False),
        (_refused(payload(left=timedelta(hours=-1))), False),
        (_refused(), True),
    ],
    ids=["due", "ended", "asked for"],
)
def test_a_token_that_was_refused_is_due_for_other_reasons_too(observed: ObservedState, force: bool) -> None:
    assert not _plan(observed, force=force).only_refused


def test_a_token_that_was_refused_is_due_for_that_alone() -> None:
    assert _plan(_refused()).only_refused


def test_a_refusal_that_somebody_elses_backup_brought_back_is_not_believed() -> None:
    assert _plan(_refused(by="velero")).action == "fresh"


def test_a_refusal_says_nothing_of_a_password_that_was_put_in_its_place() -> None:
    observed = _refused()
    assert observed.secret is not None
    overwritten = ObservedState(
        secret=edited(observed.secret, "data", "password", to=b64("other")), config_map=observed.config_map
    )
    assert _plan(overwritten).refused is None


@pytest.mark.parametrize("left", [timedelta(hours=1), timedelta(hours=11)], ids=["due", "not due"])
def test_what_lives_is_held_while_a_new_token_is_due(left: timedelta) -> None:
    assert _plan(there(payload(left=left)), force=True).held == payload(left=left)


NOT_HELD = {
    "it has ended": there(payload(left=-timedelta(seconds=1))),
    "something else wrote it": _secret("data", "password", to=b64("other")),
    "the original tool wrote it": _config_map("metadata", "annotations", to=None),
    "it is of another source": _config_map(*SOURCE, to="elsewhere as somebody"),
    "the ConfigMap is missing": ObservedState(secret=secret_there(), config_map=None),
}


@pytest.mark.parametrize("why", NOT_HELD)
def test_what_is_not_known_to_be_good_is_not_held(why: str) -> None:
    assert _plan(NOT_HELD[why], force=True).held is None


@pytest.mark.parametrize("path", [("data", "expireyTime"), ("metadata", "annotations", EXPIRY_ANNOTATION)])
@pytest.mark.parametrize("to", ["2026-11-23T08:00:00Z", "2026-11-24T08:00:00Z"], ids=["past", "later"])
def test_what_was_edited_is_not_held_for_neither_time_is_to_be_believed(path: tuple[str, ...], to: str) -> None:
    assert _plan(_config_map(*path, to=to)).held is None


def test_a_role_that_was_made_anew_asks_for_a_new_token() -> None:
    before, now = credential(function_role_id="AROABEFORE"), credential(function_role_id="AROANOW")
    plan = _plan(there(of=before), of=now)
    assert (plan.action, plan.payload, plan.held) == ("repaired", None, None)
    assert plan.reasons[0] == (
        f"the token was asked for {HOST} as the function AROABEFORE, not for {HOST} as the function AROANOW"
    )


def test_who_does_not_know_the_functions_role_takes_it_as_it_is() -> None:
    plan = _plan(there(of=credential(function_role_id="AROANOW")))
    assert (plan.action, plan.changes) == ("fresh", ())


def test_the_original_tools_expiry_is_believed_until_its_token_is_replaced() -> None:
    plan = _plan(_config_map("metadata", "annotations", to=None))
    assert (plan.payload, plan.expires_at) == (None, NOW + timedelta(hours=11))


# Kinds


EACH_KIND = pytest.mark.parametrize("of", KINDS.values(), ids=KINDS)


@EACH_KIND
def test_nothing_is_due_while_all_of_any_kind_is_as_it_was_written(of: Credential) -> None:
    ends = NOW + timedelta(hours=11)
    held = payload(of=of)
    assert _plan(there(of=of), of=of) == Plan(action="fresh", reasons=(), expires_at=ends, payload=held, held=held)


@EACH_KIND
def test_any_kind_is_renewed_when_it_is_due(of: Credential) -> None:
    plan = _plan(there(payload(of=of, left=timedelta(hours=1)), of=of), of=of)
    assert (plan.action, plan.payload) == ("renewed", None)


@EACH_KIND
def test_any_kind_is_healed_with_what_is_there_where_that_is_good(of: Credential) -> None:
    observed = ObservedState(
        secret=secret_there(of=of), config_map=edited(config_map_there(of=of), *MANAGED, to=REMOVED)
    )
    plan = _plan(observed, of=of)
    assert (plan.action, plan.payload) == ("repaired", payload(of=of))


PULL_SECRET = KINDS["pull-secret"]
DOCKER_CONFIG = ("data", ".dockerconfigjson")
NOT_WRITTEN = "the .dockerconfigjson is not the one that was written"
PULL_SECRETS_OF_UNKNOWN_WORTH = [
    (edited(secret_there(of=PULL_SECRET), *DOCKER_CONFIG, to=b64('{"auths":{}}')), NOT_WRITTEN),
    (edited(secret_there(of=PULL_SECRET), *DOCKER_CONFIG, to=b64(payload(of=PULL_SECRET).text + "\n")), NOT_WRITTEN),
    (edited(secret_there(of=PULL_SECRET), *DOCKER_CONFIG, to=b64("no JSON")), NOT_WRITTEN),
    (edited(secret_there(of=PULL_SECRET), *DOCKER_CONFIG, to=""), NOT_WRITTEN),
    (edited(secret_there(of=PULL_SECRET), *DOCKER_CONFIG, to=REMOVED), NOT_WRITTEN),
    (edited(secret_there(of=PULL_SECRET), "data", to=None), NOT_WRITTEN),
]


@pytest.mark.parametrize(("secret", "reason"), PULL_SECRETS_OF_UNKNOWN_WORTH)
def test_a_pull_secret_of_unknown_worth_is_replaced_with_the_reason(secret: Any, reason: str) -> None:
    plan = _plan(ObservedState(secret=secret, config_map=config_map_there(of=PULL_SECRET)), of=PULL_SECRET)
    assert (plan.action, plan.reasons, plan.payload) == ("repaired", (reason,), None)


def test_a_pull_secret_that_something_else_wrote_is_replaced() -> None:
    config_map = edited(config_map_there(of=PULL_SECRET), *FINGERPRINT, to=REMOVED)
    plan = _plan(ObservedState(secret=secret_there(of=PULL_SECRET), config_map=config_map), of=PULL_SECRET)
    reason = "the .dockerconfigjson has no fingerprint in the ConfigMap: something else wrote it"
    assert (plan.reasons, plan.payload) == ((reason,), None)


@pytest.mark.parametrize(
    ("path", "value"),
    [(SECRET_TYPE, "repository"), (("metadata", "labels"), None), (("data", "password"), b64("other"))],
)
def test_what_a_pull_secret_has_besides_is_left_alone(path: tuple[str, ...], value: Any) -> None:
    secret = edited(secret_there(of=PULL_SECRET), *path, to=value)
    plan = _plan(ObservedState(secret=secret, config_map=config_map_there(of=PULL_SECRET)), of=PULL_SECRET)
    assert plan.action == "fresh"


# Settings that have changed since


ROLE = "arn:aws:iam::123456789012:role/reader"
READ_AS_ROLE = credential(role=Role(arn=ROLE, external_id="who"))


@pytest.mark.parametrize(
    ("written", "wanted", "reason"),
    [
        (
            credential(),
            credential(registries=(parse_registry(OTHER_HOST),), url=OTHER_HOST),
            f"the token was asked for {HOST} as the function, not for {OTHER_HOST} as the function",
        ),
        (
            credential(),
            READ_AS_ROLE,
            f"the token was asked for {HOST} as the function, not for {HOST} as {ROLE}",
        ),
        (
            READ_AS_ROLE,
            credential(),
            f"the token was asked for {HOST} as {ROLE}, not for {HOST} as the function",
        ),
        (
            pull_secret(HOST),
            pull_secret(HOST, OTHER_HOST),
            f"the token was asked for {HOST} as the function, not for {HOST},{OTHER_HOST} as the function",
        ),
        (
            pull_secret(HOST, OTHER_HOST),
            pull_secret(HOST),
            f"the token was asked for {HOST},{OTHER_HOST} as the function, not for {HOST} as the function",
        ),
    ],
    ids=["registry", "role", "no-role", "one-more-registry", "one-registry-less"],
)
class TestAnotherSource:
    def test_the_reason_says_what_the_token_was_asked_for(
        self, written: Credential, wanted: Credential, reason: str
    ) -> None:
        assert _plan(there(of=written), of=wanted).reasons[0] == reason

    def test_a_new_token_is_asked_for(self, written: Credential, wanted: Credential, reason: str) -> None:
        plan = _plan(there(of=written), of=wanted)
        assert (plan.action, plan.payload) == ("repaired", None)

    def test_the_token_that_is_there_is_known_to_live(
        self, written: Credential, wanted: Credential, reason: str
    ) -> None:
        assert _plan(there(of=written), of=wanted).expires_at == NOW + timedelta(hours=11)


@pytest.mark.parametrize(
    ("written", "wanted", "reasons"),
    [
        (
            READ_AS_ROLE,
            credential(role=Role(arn=ROLE, external_id="other")),
            (),
        ),
        (
            credential(),
            credential(url=f"{HOST}/charts", name="charts", project="team-a"),
            ("the Secret's data url differs", "the Secret's data name differs", "the Secret's data project is missing"),
        ),
        (
            credential(),
            KINDS["repo-creds-helm"],
            ("the Secret's label argocd.argoproj.io/secret-type differs",),
        ),
        (
            KINDS["repo-creds-oci"],
            KINDS["repo-creds-helm"],
            ("the Secret's data url differs", "the Secret's data type differs"),
        ),
        (credential(), credential(verify_login=False, verify_repository="charts"), ()),
    ],
    ids=["external-id", "argo-cd-keys", "kind", "type", "verify"],
)
def test_other_settings_are_written_with_the_token_that_is_there(
    written: Credential, wanted: Credential, reasons: tuple[str, ...]
) -> None:
    plan = _plan(there(of=written), of=wanted)
    assert (plan.reasons, plan.payload) == (reasons, payload())


def test_a_source_that_was_edited_is_not_believed() -> None:
    assert _plan(_config_map(*SOURCE, to="elsewhere")).payload is None


@pytest.mark.parametrize(
    "path",
    [
        ("metadata", "labels", "team"),
        ("metadata", "annotations", "team"),
        ("metadata", "annotations", "managed-by"),
        ("data", "proxy"),
    ],
    ids="/".join,
)
@pytest.mark.parametrize("change", [_secret, _config_map], ids=["Secret", "ConfigMap"])
def test_what_others_added_is_left_alone(change: Callable[..., ObservedState], path: tuple[str, ...]) -> None:
    assert _plan(change(*path, to="bXk=")).action == "fresh"


@given(st.text())
def test_any_text_for_an_expiry_is_judged(text: str) -> None:
    assert _plan(_expiring(text)).action in {"fresh", "renewed", "repaired"}


@given(st.datetimes(timezones=st.timezones() | st.just(UTC)))
def test_any_time_for_an_expiry_is_judged(moment: datetime) -> None:
    assert _plan(_expiring(moment.isoformat())).action in {"fresh", "renewed", "repaired"}


@given(st.binary().map(b64) | st.text(st.characters(max_codepoint=127)))
def test_any_other_password_is_replaced(password: str) -> None:
    assert _plan(_secret("data", "password", to=password)).payload is None


@EACH_KIND
def test_a_plan_does_not_show_what_is_secret(of: Credential) -> None:
    shown = repr(_plan(there(of=of), of=of))
    assert [text for text in (PASSWORD, b64(PASSWORD), b64(f"AWS:{PASSWORD}")) if text in shown] == []


# The jitter


SPANS = st.timedeltas(timedelta(minutes=10), timedelta(hours=11))


@given(target=st.text(), renew_before=SPANS)
def test_the_jitter_is_up_to_an_hour(target: str, renew_before: timedelta) -> None:
    assert timedelta() <= jitter(target, renew_before=renew_before) <= timedelta(hours=1)


@given(target=st.text(), renew_before=SPANS)
def test_a_new_token_is_never_due_at_once(target: str, renew_before: timedelta) -> None:
    early = renew_before + jitter(target, renew_before=renew_before)
    assert _plan(there(payload(left=timedelta(hours=12))), renew_before=early).action == "fresh"


@given(target=st.text())
def test_a_new_token_stays_fresh_for_ticks_to_come_even_when_renewed_as_early_as_can_be(target: str) -> None:
    early = timedelta(hours=11) + jitter(target, renew_before=timedelta(hours=11))
    assert timedelta(hours=12) - early >= timedelta(minutes=30)


def test_the_jitter_of_a_target_is_the_same_in_every_environment() -> None:
    # Pinned: another value would have each target renew at another time after an update.
    assert jitter("demo", renew_before=RENEW_BEFORE) == timedelta(seconds=598, microseconds=937149)


def test_the_jitters_of_many_targets_are_spread_over_the_hour() -> None:
    minutes = {jitter(f"cluster-{i}", renew_before=RENEW_BEFORE) // timedelta(minutes=10) for i in range(100)}
    assert minutes == {0, 1, 2, 3, 4, 5}


def test_a_written_expiry_is_read_back_as_it_was() -> None:
    assert format_time(_plan(there()).expires_at or NOW) == "2026-11-24T07:00:00Z"
