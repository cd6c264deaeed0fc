"""New tokens shared by the credentials of a run, and what the registries say of them taken together."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from botocore.credentials import ReadOnlyCredentials
from botocore.stub import Stubber

from argo_ecr_auth.clients.registry_login import Verification
from argo_ecr_auth.clients.sessions import Sessions
from argo_ecr_auth.core.authorization_token import AuthorizationToken
from argo_ecr_auth.core.manifests import Payload, make_payload
from argo_ecr_auth.core.targets import Credential, Role
from argo_ecr_auth.token_issuer import TokenIssuer
from tests.unit.builders import HOST, NOW, OTHER_HOST, PASSWORD, b64, credential, payload, pull_secret

FIPS_HOST = "123456789012.dkr.ecr-fips.us-east-1.amazonaws.com"
ROLE = Role(arn="arn:aws:iam::123456789012:role/reader")


class Registries:
    """Registries that say of each token what was given for their host, and remember what they were asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str | None]] = []
        self.verifications: dict[str, Verification] = {}

    def verify_login(self, host: str, token: AuthorizationToken, *, repository: str | None) -> Verification:
        self.asked.append((host, token.password, repository))
        return self.verifications.get(host, Verification(verified=True))


class RolesAssumed(Sessions):
    """Sessions whose roles are assumed already."""

    def credentials(self, role: Role | None = None) -> ReadOnlyCredentials:
        return ReadOnlyCredentials("ASIAEXAMPLE", "planted-secret-key", "planted-session-token")


@pytest.fixture
def registries() -> Registries:
    return Registries()


@pytest.fixture(scope="module")
def aws() -> tuple[Sessions, dict[str, Any]]:
    """Sessions with keys of their own, and their clients by the password that each is to be given."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("AWS_PROFILE", raising=False)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            environment.setenv(name, "/dev/null")
        environment.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "planted-secret-key")
        sessions = RolesAssumed(region="eu-west-1")
        return sessions, {
            "here": sessions.client("ecr", region="eu-west-1"),
            "there": sessions.client("ecr", region="us-east-1"),
            "there-fips": sessions.client("ecr", region="us-east-1", fips=True),
            "here-as-role": sessions.client("ecr", region="eu-west-1", role=ROLE),
        }


@pytest.fixture
def payloads(registries: Registries, aws: tuple[Sessions, dict[str, Any]]) -> Iterator[TokenIssuer]:
    """Of an AWS that gives just one token to each of its clients: another question fails the test."""
    sessions, clients = aws
    with ExitStack() as stubs:
        for password, client in clients.items():
            answer = {"authorizationToken": b64(f"AWS:{password}"), "expiresAt": NOW}
            stub = stubs.enter_context(Stubber(client))
            stub.add_response("get_authorization_token", {"authorizationData": [answer]})
        yield TokenIssuer(sessions=sessions, verify_login=registries.verify_login)


PASSWORDS_IN = {
    "one that logs in": (credential(), PASSWORD, True),
    "one that does not": (credential(), "other", False),
    "nothing": (credential(), "", False),
    "all that log in": (pull_secret(HOST, OTHER_HOST), payload(of=pull_secret(HOST, OTHER_HOST)).text, True),
    "one registry too few": (pull_secret(HOST, OTHER_HOST), payload(of=pull_secret(HOST)).text, False),
    "no docker configuration": (pull_secret(), "there", False),
}


@pytest.mark.parametrize("what", PASSWORDS_IN)
def test_what_is_there_already_is_tried_at_each_of_its_registries(what: str) -> None:
    def verify_login(_host: str, token: AuthorizationToken, *, repository: str | None) -> Verification:
        return Verification(verified=token.password == PASSWORD)

    payloads = TokenIssuer(sessions=Sessions(region="eu-west-1"), verify_login=verify_login)
    of, text, lives = PASSWORDS_IN[what]
    assert payloads.may_live(of, text) is lives


def _payload(of: Credential, *passwords: str) -> Payload:
    return make_payload(of, [AuthorizationToken(password=password, expires_at=NOW) for password in passwords])


def test_credentials_of_one_region_share_a_token(payloads: TokenIssuer) -> None:
    made = [payloads.new(of)[0] for of in (credential(), credential(secret_name="other"))]
    assert made == [_payload(credential(), "here")] * 2


def test_a_pull_secret_has_the_token_of_each_of_its_registries_regions(payloads: TokenIssuer) -> None:
    of = pull_secret(OTHER_HOST, HOST)
    assert payloads.new(of)[0] == _payload(of, "there", "here")


def test_a_role_has_a_token_of_its_own(payloads: TokenIssuer) -> None:
    payloads.new(credential())
    of = credential(role=ROLE)
    assert payloads.new(of)[0] == _payload(of, "here-as-role")


def test_a_fips_host_has_a_token_of_the_fips_api(payloads: TokenIssuer) -> None:
    of = pull_secret(OTHER_HOST, FIPS_HOST)
    assert payloads.new(of)[0] == _payload(of, "there", "there-fips")


def test_a_token_is_tried_at_its_own_registry_with_the_repository_to_list(
    payloads: TokenIssuer, registries: Registries
) -> None:
    payloads.new(credential(verify_repository="charts"))
    assert registries.asked == [(HOST, "here", "charts")]


def test_a_token_is_tried_once_at_each_registry(payloads: TokenIssuer, registries: Registries) -> None:
    for of in (credential(), credential(secret_name="other"), pull_secret(HOST, OTHER_HOST)):
        payloads.new(of)
    assert registries.asked == [(HOST, "here", None), (OTHER_HOST, "there", None)]


def test_a_roles_token_is_tried_as_well(payloads: TokenIssuer, registries: Registries) -> None:
    for of in (credential(), credential(role=ROLE)):
        payloads.new(of)
    assert registries.asked == [(HOST, "here", None), (HOST, "here-as-role", None)]


def test_nothing_is_tried_where_that_is_off(payloads: TokenIssuer, registries: Registries) -> None:
    _, verification = payloads.new(credential(verify_login=False))
    assert (registries.asked, verification) == ([], Verification(verified=None))


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (True, True, True),
        (True, None, None),
        (None, True, None),
        (True, False, False),
        (False, None, False),
        (None, False, False),
        (None, None, None),
    ],
)
def test_several_registries_refuse_together_where_any_does_and_prove_where_all_do(
    payloads: TokenIssuer, registries: Registries, one: bool | None, other: bool | None, together: bool | None
) -> None:
    registries.verifications = {HOST: Verification(verified=one), OTHER_HOST: Verification(verified=other)}
    _, verification = payloads.new(pull_secret(HOST, OTHER_HOST))
    assert verification.verified is together


def test_the_doubts_of_several_registries_are_all_told(payloads: TokenIssuer, registries: Registries) -> None:
    registries.verifications = {
        HOST: Verification(verified=None, doubt="one"),
        FIPS_HOST: Verification(verified=True),
        OTHER_HOST: Verification(verified=False, doubt="two"),
    }
    _, verification = payloads.new(pull_secret(HOST, FIPS_HOST, OTHER_HOST))
    assert verification.doubt == "one; two"
