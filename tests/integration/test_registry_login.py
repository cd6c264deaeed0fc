"""The login of a token at a real registry, and at servers that answer as a registry may."""

import socket
import threading
from itertools import takewhile

import pytest
import urllib3

from argo_ecr_auth.registry_login import Login, Verification, verify_login
from tests.local_cloud.registry import LoopbackClient, Registry
from tests.servers import faults
from tests.servers.server import Answer, Fault, Handler, Server, always
from tests.support.function import REGISTRY
from tests.support.registry_login import ELSEWHERE, REPOSITORY, TOKEN, distrust, make_free_address, verify_at

# The proof by itself.


def test_a_token_that_the_registry_lets_in_is_verified(registry: Registry) -> None:
    assert verify_at(registry.address) == Verification(login=Login.ACCEPTED)


def test_a_token_that_the_registry_does_not_let_in_is_refused(forbidding: Registry) -> None:
    assert verify_at(forbidding.address) == Verification(login=Login.REFUSED, reason=f"{REGISTRY} answered 401")


def test_a_forbidden_login_is_a_refusal_too() -> None:
    with Server(always(Answer(status=403))) as server:
        assert verify_at(server.address) == Verification(login=Login.REFUSED, reason=f"{REGISTRY} answered 403")


def test_a_registry_whose_name_does_not_resolve_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")
    verification = verify_login("registry.invalid", TOKEN)  # RFC 2606

    assert verification == Verification(login=Login.NO_SUCH_HOST, reason="registry.invalid does not resolve")


def test_of_an_unreachable_registry_nothing_is_known() -> None:
    verification = verify_at(make_free_address())

    assert verification == Verification(
        login=Login.INCONCLUSIVE, reason=f"not verified: {REGISTRY} does not answer (NewConnectionError)"
    )


def test_of_a_registry_whose_certificate_is_not_trusted_nothing_is_known(registry: Registry) -> None:
    verification = verify_at(distrust(registry.address))

    assert verification == Verification(
        login=Login.INCONCLUSIVE, reason=f"not verified: {REGISTRY} does not answer (SSLError)"
    )


def test_of_a_registry_whose_certificate_is_for_another_host_nothing_is_known(registry: Registry) -> None:
    verification = verify_at(registry.address, host=ELSEWHERE)

    assert verification == Verification(
        login=Login.INCONCLUSIVE, reason=f"not verified: {ELSEWHERE} does not answer (SSLError)"
    )


def test_a_server_whose_certificate_is_not_trusted_gets_no_password() -> None:
    with Server(always(Answer())) as server:
        verify_at(distrust(server.address))

    assert list(server.requests) == []


UNCLEAR = {
    "not found": Answer(status=404),
    "too many requests": Answer(status=429),
    "too many requests, with the time to wait": Answer(status=429, headers={"Retry-After": "1"}),
    "an internal error": Answer(status=500),
    "an unavailable server": Answer(status=503, headers={"Retry-After": "1"}),
    "a redirect": Answer(status=307, headers={"Location": f"https://{REGISTRY}/v2/other"}),
}


@pytest.mark.parametrize("answer", UNCLEAR)
def test_what_is_no_refusal_leaves_it_open_and_is_told(answer: str) -> None:
    with Server(always(UNCLEAR[answer])) as server:
        verification = verify_at(server.address)

    told = f"not verified: {REGISTRY} answers {UNCLEAR[answer].status} to a login"
    assert verification == Verification(login=Login.INCONCLUSIVE, reason=told)


def test_a_connection_that_breaks_off_leaves_it_open() -> None:
    with Server(always(faults.close)) as server:
        assert verify_at(server.address).verified is None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_host_that_is_redirected_to_gets_no_request(status: int) -> None:
    redirect = Answer(status=status, headers={"Location": f"https://{ELSEWHERE}/v2/"})
    with Server(always(Answer())) as other, Server(always(redirect)) as server:
        verify_login(REGISTRY, TOKEN, http=LoopbackClient({REGISTRY: server.address, ELSEWHERE: other.address}))

    assert list(other.requests) == []


# A repository.


def test_a_repository_that_may_be_listed_needs_no_words(registry: Registry) -> None:
    assert verify_at(registry.address, repository=REPOSITORY) == Verification(login=Login.ACCEPTED)


def test_a_repository_that_is_not_there_is_named(registry: Registry) -> None:
    verification = verify_at(registry.address, repository="team/gone")

    assert verification == Verification(login=Login.ACCEPTED, reason="there is no repository team/gone (404)")


def listing(outcome: Answer | Fault) -> Handler:
    return lambda request: outcome if "/tags/list" in request.path else Answer()


@pytest.mark.parametrize("status", [401, 403])
def test_a_repository_that_may_not_be_listed_is_named(status: int) -> None:
    with Server(listing(Answer(status=status))) as server:
        verification = verify_at(server.address, repository=REPOSITORY)

    told = f"the token may not list {REPOSITORY} ({status}): allow ecr:ListImages and the pull actions on it"
    assert verification == Verification(login=Login.ACCEPTED, reason=told)


UNKNOWN: dict[str, tuple[Answer | Fault, str]] = {
    "an unavailable server": (Answer(status=503, headers={"Retry-After": "1"}), "503"),
    "a connection that breaks off": (faults.close, "ProtocolError"),
}


@pytest.mark.parametrize("answer", UNKNOWN)
def test_a_list_that_does_not_come_leaves_a_good_login_verified(answer: str) -> None:
    given, told = UNKNOWN[answer]
    with Server(listing(given)) as server:
        verification = verify_at(server.address, repository=REPOSITORY)

    assert verification == Verification(
        login=Login.ACCEPTED, reason=f"whether the token may list {REPOSITORY} is not known ({told})"
    )


# The environment's proxy. The hosts are reserved ones, which no resolver knows (RFC 2606).


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_the_environments_proxy_is_logged_in_at_as_boto3_does(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)
        proxy = f"{scheme}me:secret@127.0.0.1:{listener.getsockname()[1]}"
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, proxy)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "")
        attempt = threading.Thread(target=verify_login, args=("registry.invalid", TOKEN))
        attempt.start()
        connection, _ = listener.accept()
    # Without the listener a second attempt is refused at once.
    with connection, connection.makefile() as lines:
        asked = list(takewhile(str.strip, lines))
    attempt.join()

    basic = urllib3.make_headers(proxy_basic_auth="me:secret")["proxy-authorization"]
    assert f"Proxy-Authorization: {basic}\n" in asked
