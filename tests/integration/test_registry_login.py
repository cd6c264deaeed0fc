"""The login of a token at a real registry, and at servers that answer as a registry may."""

import socket
import threading
from dataclasses import replace
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


ACCEPTED = Verification(login=Login.ACCEPTED)


def not_verified(reason: str) -> Verification:
    return Verification(login=Login.INCONCLUSIVE, reason=f"not verified: {reason}")


def test_a_token_that_the_registry_lets_in_is_verified(registry: Registry) -> None:
    assert verify_at(registry.address) == ACCEPTED


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
    assert verify_at(make_free_address()) == not_verified(f"{REGISTRY} does not answer (NewConnectionError)")


def test_of_a_registry_whose_certificate_is_for_another_host_nothing_is_known(registry: Registry) -> None:
    assert verify_at(registry.address, host=ELSEWHERE) == not_verified(f"{ELSEWHERE} does not answer (SSLError)")


def test_a_server_whose_certificate_is_not_trusted_gets_no_password() -> None:
    with Server(always(Answer())) as server:
        assert verify_at(distrust(server.address)) == not_verified(f"{REGISTRY} does not answer (SSLError)")

    assert list(server.requests) == []


LATER = {"Retry-After": "1"}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(status=404), "returned 404 for the login"),
        (Answer(status=429), "returned 429 for the login"),
        (Answer(status=429, headers=LATER), "returned 429 for the login"),
        (Answer(status=500), "returned 500 for the login"),
        (Answer(status=503, headers=LATER), "returned 503 for the login"),
        (faults.close, "does not answer (ProtocolError)"),
    ],
    ids=["404", "429", "429 with the time to wait", "500", "503", "a connection that breaks off"],
)
def test_what_is_no_refusal_leaves_it_open_and_is_told(answer: Answer | Fault, told: str) -> None:
    with Server(always(answer)) as server:
        assert verify_at(server.address) == not_verified(f"{REGISTRY} {told}")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_host_that_is_redirected_to_gets_no_request_and_it_is_no_refusal(status: int) -> None:
    redirect = Answer(status=status, headers={"Location": f"https://{ELSEWHERE}/v2/"})
    with Server(always(Answer())) as other, Server(always(redirect)) as server:
        http = LoopbackClient({REGISTRY: server.address, ELSEWHERE: other.address})
        assert verify_login(REGISTRY, TOKEN, http=http) == not_verified(f"{REGISTRY} returned {status} for the login")

    assert list(other.requests) == []


# A repository.


@pytest.mark.parametrize(
    ("repository", "reason"), [(REPOSITORY, None), ("team/gone", "there is no repository team/gone (404)")]
)
def test_a_repository_that_is_not_there_is_named(repository: str, reason: str | None, registry: Registry) -> None:
    assert verify_at(registry.address, repository=repository) == replace(ACCEPTED, reason=reason)


def listing(outcome: Answer | Fault) -> Handler:
    return lambda request: outcome if "/tags/list" in request.path else Answer()


FORBIDDEN = f"the token cannot list {REPOSITORY} ({{}}): allow ecr:ListImages and the pull actions on it"
UNKNOWN = f"whether the token may list {REPOSITORY} is not known ({{}})"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(status=401), FORBIDDEN.format(401)),
        (Answer(status=403), FORBIDDEN.format(403)),
        (Answer(status=503, headers=LATER), UNKNOWN.format(503)),
        (faults.close, UNKNOWN.format("ProtocolError")),
    ],
    ids=["401", "403", "an unavailable server", "a connection that breaks off"],
)
def test_a_repository_that_is_not_listed_is_named_and_leaves_a_good_login_verified(
    answer: Answer | Fault, reason: str
) -> None:
    with Server(listing(answer)) as server:
        assert verify_at(server.address, repository=REPOSITORY) == replace(ACCEPTED, reason=reason)


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
