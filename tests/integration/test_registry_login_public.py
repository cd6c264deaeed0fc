"""The login at ECR Public, which exchanges the password for a token of its own."""

import json
from typing import Any

import pytest

from argo_ecr_auth.core.registry import PUBLIC_HOSTS
from argo_ecr_auth.registry_login import Login, Verification, verify_login
from tests.local_cloud.registry import LoopbackClient
from tests.servers.server import Answer, Handler, Request, Server, always, answer_json
from tests.support.objects import encode_base64
from tests.support.registry_login import ELSEWHERE, REPOSITORY, TOKEN, verify_at

PUBLIC_HOST, DUAL_STACK_PUBLIC_HOST = PUBLIC_HOSTS
BASIC = "Basic " + encode_base64(f"AWS:{TOKEN.password}")
AMAZONS_CHALLENGE = 'Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws",scope="aws"'


def ecr_public(*, challenge: str = AMAZONS_CHALLENGE, granted: Any = None, lets_in: str = BASIC) -> Handler:
    """As ECR Public answers, to a client that asks for its token with `lets_in`."""
    body = {"token": "granted=="} if granted is None else granted

    def answer(request: Request) -> Answer:
        authorization = request.headers.get("Authorization")
        if request.path.startswith("/token/"):
            return answer_json(body) if authorization == lets_in else Answer(status=401)
        if authorization == "Bearer granted==":
            return Answer()
        return Answer(status=401, headers={"WWW-Authenticate": challenge})

    return answer


def test_ecr_publics_token_is_verified_by_its_own_flow() -> None:
    """It asks for the service and the scope of the challenge, and lists with the token that was handed out."""
    with Server(ecr_public()) as server:
        verification = verify_at(server.address, host=PUBLIC_HOST, repository=REPOSITORY)

    logins = [(request.path, request.headers.get("Authorization")) for request in server.requests]
    assert verification == Verification(login=Login.ACCEPTED)
    assert ("/token/?service=public.ecr.aws&scope=aws", BASIC) in logins
    assert logins[-1] == (f"/v2/{REPOSITORY}/tags/list?n=1", "Bearer granted==")


def test_a_token_that_ecr_public_does_not_exchange_is_refused() -> None:
    with Server(ecr_public(lets_in="another")) as server:
        assert verify_at(server.address, host=PUBLIC_HOST).verified is False


def test_ecr_publics_dual_stack_host_may_send_logins_to_the_other_one() -> None:
    with Server(ecr_public()) as server:
        verification = verify_login(
            DUAL_STACK_PUBLIC_HOST, TOKEN, http=LoopbackClient(dict.fromkeys(PUBLIC_HOSTS, server.address))
        )
    assert verification == Verification(login=Login.ACCEPTED)


REALMS = {
    "another host": f"https://{ELSEWHERE}/token/",
    "without TLS": f"http://{PUBLIC_HOST}/token/",
    "a host that begins alike": f"https://{PUBLIC_HOST}.{ELSEWHERE}/token/",
    "a host behind a name": f"https://{PUBLIC_HOST}@{ELSEWHERE}/token/",
    "no URL": "https://[token",
}


@pytest.mark.parametrize("realm", REALMS.values(), ids=REALMS)
def test_a_realm_elsewhere_gets_no_password_and_is_no_refusal(realm: str) -> None:
    challenge = AMAZONS_CHALLENGE.replace("https://public.ecr.aws/token/", realm)
    with Server(always(Answer())) as other, Server(ecr_public(challenge=challenge)) as server:
        hosts = (ELSEWHERE, f"{PUBLIC_HOST}.{ELSEWHERE}")
        addresses = {PUBLIC_HOST: server.address, **dict.fromkeys(hosts, other.address)}
        verification = verify_login(PUBLIC_HOST, TOKEN, http=LoopbackClient(addresses))

    assert (len(server.requests), len(other.requests)) == (1, 0)
    told = "sends logins to another host, which does not get the password"
    assert verification == Verification(login=Login.INCONCLUSIVE, reason=f"not verified: {PUBLIC_HOST} {told}")


@pytest.mark.parametrize(
    "granted", [{}, [], "text", {"token": None}, {"token": "two\nlines"}, {"token": "ключ"}], ids=json.dumps
)
def test_an_exchange_without_a_token_is_no_refusal(granted: Any) -> None:
    with Server(ecr_public(granted=granted)) as server:
        verification = verify_at(server.address, host=PUBLIC_HOST)

    assert verification == Verification(
        login=Login.INCONCLUSIVE, reason=f"not verified: {PUBLIC_HOST} returned no token for the login"
    )
