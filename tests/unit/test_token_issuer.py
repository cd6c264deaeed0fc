"""New tokens shared by the credentials of a run, and what the registries say of them taken together."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.credentials import ReadOnlyCredentials
from botocore.stub import Stubber

from argo_ecr_auth.aws.sessions import Principal, Sessions
from argo_ecr_auth.core.authorization_token import AuthorizationToken
from argo_ecr_auth.core.targets import Credential, Role
from argo_ecr_auth.registry_login import Login, Verification
from argo_ecr_auth.tokens import Issued, TokenIssuer
from tests.unit.aws_clients import isolated_environment
from tests.unit.builders import HOST, NOW, OTHER_HOST, b64, credential, pull_secret

FIPS_HOST = "123456789012.dkr.ecr-fips.us-east-1.amazonaws.com"
ROLE = Role(arn="arn:aws:iam::123456789012:role/reader")
ENDS = NOW + timedelta(hours=12)


class Registries:
    """Registries that say of each token what was given for their host, and remember what they were asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.verifications: dict[str, Verification] = {}

    def verify_login(
        self, host: str, token: AuthorizationToken, *, repository: str | None, seconds: float
    ) -> Verification:
        self.asked.append((host, token.password))
        return self.verifications.get(host, Verification(login=Login.ACCEPTED))


class AssumedPrincipal(Principal):
    """A principal whose role is assumed already."""

    def credentials(self) -> ReadOnlyCredentials:
        return ReadOnlyCredentials("ASIAEXAMPLE", "planted-secret-key", "planted-session-token")


class RolesAssumed(Sessions):
    """Sessions whose roles are assumed already."""

    def __init__(self, *, region: str) -> None:
        super().__init__(region=region)
        self._all: dict[Role | None, Principal] = {}

    def as_role(self, role: Role | None) -> Principal:
        return self._all.setdefault(role, AssumedPrincipal(self, role))


@pytest.fixture
def registries() -> Registries:
    return Registries()


@pytest.fixture(scope="module")
def aws() -> tuple[Sessions, dict[str, Any]]:
    """Sessions with keys of their own, and their clients by the password that each is to be given."""
    with isolated_environment():
        sessions = RolesAssumed(region="eu-west-1")
        return sessions, {
            "here": sessions.client("ecr", region="eu-west-1"),
            "there": sessions.client("ecr", region="us-east-1"),
            "there-fips": sessions.client("ecr", region="us-east-1", fips=True),
            "here-as-role": sessions.as_role(ROLE).client("ecr", region="eu-west-1"),
        }


@pytest.fixture
def issuer(registries: Registries, aws: tuple[Sessions, dict[str, Any]]) -> Iterator[TokenIssuer]:
    """Of an AWS that gives just one token to each of its clients: another question fails the test."""
    sessions, clients = aws
    with ExitStack() as stubs:
        for password, client in clients.items():
            answer = {"authorizationToken": b64(f"AWS:{password}"), "expiresAt": ENDS}
            stub = stubs.enter_context(Stubber(client))
            stub.add_response("get_authorization_token", {"authorizationData": [answer]})
        yield TokenIssuer(sessions=sessions, verify_login=registries.verify_login, now=lambda: NOW)


def _passwords(issued: Issued) -> dict[str, str]:
    return {registry.host: token.password for registry, token in issued.tokens.items()}


@pytest.mark.parametrize(
    ("wanted", "passwords"),
    [
        ([credential(), credential(secret_name="other")], [{HOST: "here"}] * 2),
        ([pull_secret(OTHER_HOST, HOST)], [{OTHER_HOST: "there", HOST: "here"}]),
        ([credential(), credential(role=ROLE)], [{HOST: "here"}, {HOST: "here-as-role"}]),
        ([pull_secret(OTHER_HOST, FIPS_HOST)], [{OTHER_HOST: "there", FIPS_HOST: "there-fips"}]),
    ],
    ids=["one region", "each registry's region", "a role", "a FIPS host"],
)
def test_credentials_share_a_token_if_role_region_and_api_are_the_same_and_it_is_tried_once(
    issuer: TokenIssuer, registries: Registries, wanted: list[Credential], passwords: list[dict[str, str]]
) -> None:
    assert [_passwords(issuer.issue(of)) for of in wanted] == passwords
    assert registries.asked == list(dict.fromkeys(login for logins in passwords for login in logins.items()))


def test_a_credential_that_is_not_verified_asks_no_registry(issuer: TokenIssuer, registries: Registries) -> None:
    issued = issuer.issue(credential(verify_login=False))

    assert (issued.verification.login, registries.asked) == (Login.NOT_TRIED, [])


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (Login.ACCEPTED, Login.ACCEPTED, True),
        (Login.ACCEPTED, Login.INCONCLUSIVE, None),
        (Login.INCONCLUSIVE, Login.ACCEPTED, None),
        (Login.ACCEPTED, Login.REFUSED, False),
        (Login.REFUSED, Login.INCONCLUSIVE, False),
        (Login.INCONCLUSIVE, Login.REFUSED, False),
        (Login.INCONCLUSIVE, Login.INCONCLUSIVE, None),
    ],
)
def test_several_registries_refuse_together_where_any_does_and_prove_where_all_do(
    issuer: TokenIssuer, registries: Registries, one: Login, other: Login, together: bool | None
) -> None:
    registries.verifications = {
        HOST: Verification(login=one, reason="why"),
        OTHER_HOST: Verification(login=other, reason="why"),
    }
    verification = issuer.issue(pull_secret(HOST, OTHER_HOST)).verification
    assert verification.verified is together


def test_the_doubts_of_several_registries_are_all_told(issuer: TokenIssuer, registries: Registries) -> None:
    registries.verifications = {
        HOST: Verification(login=Login.INCONCLUSIVE, reason="one"),
        FIPS_HOST: Verification(login=Login.ACCEPTED),
        OTHER_HOST: Verification(login=Login.REFUSED, reason="two"),
    }
    verification = issuer.issue(pull_secret(HOST, FIPS_HOST, OTHER_HOST)).verification
    assert verification.reason == "one; two"


def test_a_refused_token_names_its_registry_and_says_how_to_turn_the_check_off(
    issuer: TokenIssuer, registries: Registries
) -> None:
    registries.verifications = {HOST: Verification(login=Login.REFUSED, reason="it answered 401")}
    issued = issuer.issue(credential())
    assert issued.refused == set(credential().registries)
    (error,) = issued.errors
    assert (error.failed, error.transient) == ("the new token is rejected: it answered 401", False)
    assert error.remedy == "if Argo CD can pull with it anyway, set verify: off"


# ECR's answers


Answers = Callable[..., Issued]


@pytest.fixture
def issue(registries: Registries, aws: tuple[Sessions, dict[str, Any]]) -> Answers:
    """Issues tokens where each region's ECR answers so: a token's expiry, or an error's code."""
    sessions, _ = aws
    issuer = TokenIssuer(sessions=sessions, verify_login=registries.verify_login, now=lambda: NOW)

    def issue(of: Credential, **answers: datetime | str) -> Issued:
        with ExitStack() as stubs:
            for region, answer in answers.items():
                stub = stubs.enter_context(Stubber(sessions.client("ecr", region=region.replace("_", "-"))))
                if isinstance(answer, datetime):
                    token = {"authorizationToken": b64(f"AWS:{region}"), "expiresAt": answer}
                    stub.add_response("get_authorization_token", {"authorizationData": [token]})
                else:
                    stub.add_client_error("get_authorization_token", answer, "not you")
            return issuer.issue(of)

    return issue


@pytest.mark.parametrize("left", [timedelta(hours=-1), timedelta(), timedelta(minutes=9, seconds=59)])
def test_a_token_that_has_ended_or_soon_ends_is_not_taken(issue: Answers, left: timedelta) -> None:
    issued = issue(credential(), eu_west_1=NOW + left)
    assert issued.tokens == {}
    (error,) = issued.errors
    assert error.remedy == "check the function's clock; does a proxy respond in ECR's place?"


def test_a_token_is_not_believed_to_live_longer_than_twelve_hours(issue: Answers) -> None:
    issued = issue(credential(), eu_west_1=NOW + timedelta(days=400))
    assert [token.expires_at for token in issued.tokens.values()] == [ENDS]


def test_one_region_that_gives_no_token_does_not_keep_the_others_from_theirs(issue: Answers) -> None:
    issued = issue(pull_secret(HOST, OTHER_HOST), eu_west_1=ENDS, us_east_1="AccessDeniedException")
    assert _passwords(issued) == {HOST: "eu_west_1"}
    (error,) = issued.errors
    assert str(error).startswith("cannot get an authorization token from ECR in us-east-1: AccessDeniedException")


def test_where_no_region_gives_a_token_there_is_none(issue: Answers) -> None:
    issued = issue(pull_secret(HOST, OTHER_HOST), eu_west_1="ServerException", us_east_1="AccessDeniedException")
    assert (issued.tokens, len(issued.errors)) == ({}, 2)
