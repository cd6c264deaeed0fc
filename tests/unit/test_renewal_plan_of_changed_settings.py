"""What is done with a token that other settings, or another role, requested."""

from dataclasses import replace
from datetime import timedelta

import pytest

from argo_ecr_auth.core.registry import parse_registry
from argo_ecr_auth.core.targets import Credential, Role
from tests.unit.builders import HOST, KINDS, NOW, OTHER_HOST, credential, payload, pull_secret, there
from tests.unit.test_renewal_plan import choose, plan_for

ROLE = "arn:aws:iam::123456789012:role/reader"
READ_AS_ROLE = credential(role=Role(arn=ROLE, external_id="who"))
BY_ANOTHER_ROLE = (
    "the token was requested by another role of this name: another installation, which needs a Secret of its own, or "
    "the function's role before it was recreated (the ConfigMap's argo-ecr-auth/token-source has its ID)"
)
RECREATED = (
    "the token was requested by another role of this name: the role before it was recreated (the ConfigMap's "
    "argo-ecr-auth/token-source has its ID)"
)
SEE = "(see the ConfigMap's argo-ecr-auth/token-source), not for"
BY_A_ROLE = f"the token was requested by another role {SEE} "


@pytest.mark.parametrize(
    ("written", "desired", "reason"),
    [
        (
            credential(),
            credential(registries=(parse_registry(OTHER_HOST),), url=OTHER_HOST),
            f"the settings name another registry: was {HOST}, now {OTHER_HOST}",
        ),
        (credential(), READ_AS_ROLE, f"{BY_A_ROLE}{HOST} as {ROLE}"),
        (READ_AS_ROLE, credential(), f"{BY_A_ROLE}{HOST} as the function"),
        (
            pull_secret(HOST),
            pull_secret(HOST, OTHER_HOST),
            f"the settings name another registry: was {HOST}, now {HOST},{OTHER_HOST}",
        ),
        (
            pull_secret(HOST, OTHER_HOST),
            pull_secret(HOST),
            f"the settings name another registry: was {HOST},{OTHER_HOST}, now {HOST}",
        ),
        (credential(role_id="AROABEFORE"), credential(role_id="AROANOW"), BY_ANOTHER_ROLE),
        (replace(READ_AS_ROLE, role_id="AROABEFORE"), replace(READ_AS_ROLE, role_id="AROANOW"), RECREATED),
    ],
    ids=["registry", "role", "no-role", "one-more-registry", "one-registry-less", "another-function", "recreated-role"],
)
def test_a_token_of_another_source_is_replaced_for_the_registry_or_role_of_the_settings(
    written: Credential, desired: Credential, reason: str
) -> None:
    plan = plan_for(there(of=written), of=desired)
    assert (plan.action, plan.needs_token, plan.reasons[0]) == ("repaired", True, reason)
    assert plan.expires_at == NOW + timedelta(hours=11), "it is known to be valid"


@pytest.mark.parametrize("words", ["do", f"do,{HOST} as the function", f"{HOST} do", f"{HOST} as do", f"do as {HOST}"])
def test_a_reason_repeats_no_words_of_the_cluster(words: str) -> None:
    reason = plan_for(there(replace(payload(), source=words)), of=READ_AS_ROLE).reasons[0]
    assert reason.startswith("the token was requested")
    assert reason.endswith(f" role {SEE} {HOST} as {ROLE}")


@pytest.mark.parametrize("of", [credential(), READ_AS_ROLE], ids=["the function's", "an assumed one"])
def test_who_does_not_know_the_roles_id_takes_any_for_the_right_one(of: Credential) -> None:
    plan = plan_for(there(of=replace(of, role_id="AROANOW")), of=of)
    assert (plan.action, plan.changes) == ("fresh", ())


@pytest.mark.parametrize(
    ("written", "desired", "reasons"),
    [
        (READ_AS_ROLE, credential(role=Role(arn=ROLE, external_id="other")), ()),
        (
            credential(),
            credential(url=f"{HOST}/charts", name="charts", project="team-a"),
            ("the Secret's data url differs", "the Secret's data name differs", "the Secret's data project is missing"),
        ),
        (
            credential(),
            KINDS["repo-creds-helm"],
            (
                "the Secret's label argocd.argoproj.io/secret-type differs",
                "the Secret's data url differs",
                "the Secret's data name is no longer wanted",
            ),
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
def test_other_settings_are_written_with_the_token_in_the_cluster(
    written: Credential, desired: Credential, reasons: tuple[str, ...]
) -> None:
    plan = plan_for(there(of=written), of=desired)
    assert (plan.reasons, choose(plan, of=desired, new=False)) == (reasons, payload(of=written))
