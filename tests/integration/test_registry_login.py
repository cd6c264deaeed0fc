"""The proof that a token logs in, at a real registry, and at servers that answer as a registry may.

Nothing leaves this machine: hosts are found on it or not at all.
"""

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler
from itertools import takewhile
from typing import Any

import pytest
import trustme
import urllib3

from argo_ecr_auth.clients.registry_login import Verification, verify_login
from argo_ecr_auth.core.authorization_token import AuthorizationToken
from argo_ecr_auth.core.registry import PUBLIC_HOSTS
from argo_ecr_auth.core.results import Result
from argo_ecr_auth.sync import RunOptions, sync
from argo_ecr_auth.token_issuer import VerifyLogin
from tests.integration.conftest import REGISTRY, Function, Objects, grant, make_settings
from tests.integration.loopback import https_server
from tests.local_cloud import processes
from tests.local_cloud.cloud import Cluster
from tests.local_cloud.registry import AccountRegion, LoopbackClient, Registry

PUBLIC_HOST, DUAL_STACK_PUBLIC_HOST = PUBLIC_HOSTS
REPOSITORY = "team/app"
ELSEWHERE = "elsewhere.example.org"
TOKEN = AuthorizationToken(password="right-" + "x" * 1000, expires_at=datetime(2030, 1, 1, tzinfo=UTC))
BASIC = "Basic " + base64.b64encode(f"AWS:{TOKEN.password}".encode()).decode()
AMAZONS_CHALLENGE = 'Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws",scope="aws"'

FunctionFactory = Callable[..., Function]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with Registry(tmp_path_factory.mktemp("registry"), authority=trustme.CA(), hosts=[REGISTRY]) as registry:
        registry.push(REPOSITORY)
        yield registry


@pytest.fixture
def registry(running: Registry) -> Registry:
    """A registry of one repository, which lets in AWS with the password of `TOKEN`."""
    running.let_in({"AWS": TOKEN.password})
    return running


@pytest.fixture
def forbidding(running: Registry) -> Registry:
    """A registry that lets in somebody else."""
    running.let_in({"AWS": "another password"})
    return running


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One of a scripted server; no status, and it breaks the connection off."""

    status: int | None = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True, kw_only=True)
class Scripted:
    """A server of scripted answers, and every request that it got: path and authorization."""

    place: AccountRegion
    asked: list[tuple[str, str | None]]


@contextmanager
def scripted(answer: Callable[[str, str | None], Answer]) -> Iterator[Scripted]:
    asked: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["Authorization"]))
            given = answer(*asked[-1])
            if given.status is None:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(given.status)
            for name, value in given.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(json.dumps(given.body).encode())

        def log_message(self, *_: object) -> None:
            pass

    with https_server(Handler) as (url, ca_pem):
        place = AccountRegion(port=int(url.rpartition(":")[2]), ca_pem=ca_pem, certificate_for="127.0.0.1")
        yield Scripted(place=place, asked=asked)


def always(answer: Answer) -> Callable[[str, str | None], Answer]:
    return lambda path, authorization: answer


def connect_to(place: AccountRegion, *, host: str = REGISTRY, **others: AccountRegion) -> LoopbackClient:
    return LoopbackClient({host: place, **others})


def free_place() -> AccountRegion:
    return AccountRegion(port=processes.free_port(), ca_pem=trustme.CA().cert_pem.bytes().decode())


def distrust(place: AccountRegion) -> AccountRegion:
    return AccountRegion(
        port=place.port,
        ca_pem=trustme.CA().cert_pem.bytes().decode(),
        certificate_for=place.certificate_for,
    )


def verify_at(place: AccountRegion, *, host: str = REGISTRY, repository: str | None = None) -> Verification:
    return verify_login(host, TOKEN, repository=repository, http=connect_to(place, host=host))


# The proof by itself.


def test_a_token_that_the_registry_lets_in_is_verified(registry: Registry) -> None:
    assert verify_at(registry.place) == Verification(verified=True)


def test_a_token_that_the_registry_does_not_let_in_is_refused(forbidding: Registry) -> None:
    assert verify_at(forbidding.place) == Verification(verified=False, doubt=f"{REGISTRY} refuses the new token (401)")


def test_a_forbidden_login_is_a_refusal_too() -> None:
    with scripted(always(Answer(status=403))) as server:
        assert verify_at(server.place) == Verification(verified=False, doubt=f"{REGISTRY} refuses the new token (403)")


def test_of_an_unreachable_registry_nothing_is_known() -> None:
    verification = verify_at(free_place())

    assert verification == Verification(
        verified=None, doubt=f"not verified: {REGISTRY} does not answer (NewConnectionError)"
    )


def test_of_a_registry_whose_certificate_is_not_trusted_nothing_is_known(registry: Registry) -> None:
    verification = verify_at(distrust(registry.place))

    assert verification == Verification(verified=None, doubt=f"not verified: {REGISTRY} does not answer (SSLError)")


def test_of_a_registry_whose_certificate_is_for_another_host_nothing_is_known(registry: Registry) -> None:
    verification = verify_at(registry.place, host=ELSEWHERE)

    assert verification == Verification(verified=None, doubt=f"not verified: {ELSEWHERE} does not answer (SSLError)")


def test_a_server_whose_certificate_is_not_trusted_gets_no_password() -> None:
    with scripted(always(Answer())) as server:
        verify_at(distrust(server.place))

    assert server.asked == []


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
    with scripted(always(UNCLEAR[answer])) as server:
        verification = verify_at(server.place)

    told = f"not verified: {REGISTRY} answers {UNCLEAR[answer].status} to a login"
    assert verification == Verification(verified=None, doubt=told)


def test_a_connection_that_breaks_off_leaves_it_open() -> None:
    with scripted(always(Answer(status=None))) as server:
        assert verify_at(server.place).verified is None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_host_that_is_redirected_to_gets_no_request(status: int) -> None:
    redirect = Answer(status=status, headers={"Location": f"https://{ELSEWHERE}/v2/"})
    with scripted(always(Answer())) as other, scripted(always(redirect)) as server:
        verify_login(REGISTRY, TOKEN, http=LoopbackClient({REGISTRY: server.place, ELSEWHERE: other.place}))

    assert other.asked == []


# A repository.


def test_a_repository_that_may_be_listed_needs_no_words(registry: Registry) -> None:
    assert verify_at(registry.place, repository=REPOSITORY) == Verification(verified=True)


def test_a_repository_that_is_not_there_is_named(registry: Registry) -> None:
    verification = verify_at(registry.place, repository="team/gone")

    assert verification == Verification(verified=True, doubt="there is no repository team/gone (404)")


def listing(answer: Answer) -> Callable[[str, str | None], Answer]:
    return lambda path, authorization: answer if "/tags/list" in path else Answer()


@pytest.mark.parametrize("status", [401, 403])
def test_a_repository_that_may_not_be_listed_is_named(status: int) -> None:
    with scripted(listing(Answer(status=status))) as server:
        verification = verify_at(server.place, repository=REPOSITORY)

    told = f"the token may not list {REPOSITORY} ({status}): Argo CD will not be able to pull from it"
    assert verification == Verification(verified=True, doubt=told)


UNKNOWN = {
    "an unavailable server": (Answer(status=503, headers={"Retry-After": "1"}), "503"),
    "a connection that breaks off": (Answer(status=None), "ProtocolError"),
}


@pytest.mark.parametrize("answer", UNKNOWN)
def test_a_list_that_does_not_come_leaves_a_good_login_verified(answer: str) -> None:
    given, told = UNKNOWN[answer]
    with scripted(listing(given)) as server:
        verification = verify_at(server.place, repository=REPOSITORY)

    assert verification == Verification(
        verified=True, doubt=f"whether the token may list {REPOSITORY} is not known ({told})"
    )


# ECR Public, which hands out tokens of its own.


def ecr_public(*, challenge: str = AMAZONS_CHALLENGE, granted: Any = None, lets_in: str = BASIC) -> Any:
    """As ECR Public answers, to a client that asks for its token with `lets_in`."""
    body = {"token": "granted=="} if granted is None else granted

    def answer(path: str, authorization: str | None) -> Answer:
        if path.startswith("/token/"):
            return Answer(body=body) if authorization == lets_in else Answer(status=401)
        if authorization == "Bearer granted==":
            return Answer()
        return Answer(status=401, headers={"WWW-Authenticate": challenge})

    return answer


def test_ecr_publics_token_is_verified_by_its_own_flow() -> None:
    with scripted(ecr_public()) as server:
        assert verify_at(server.place, host=PUBLIC_HOST) == Verification(verified=True)


def test_ecr_public_is_asked_for_the_service_and_the_scope_of_its_challenge() -> None:
    with scripted(ecr_public()) as server:
        verify_at(server.place, host=PUBLIC_HOST)

    assert ("/token/?service=public.ecr.aws&scope=aws", BASIC) in server.asked


def test_a_repository_of_ecr_public_is_listed_with_the_token_that_was_handed_out() -> None:
    with scripted(ecr_public()) as server:
        verify_at(server.place, host=PUBLIC_HOST, repository=REPOSITORY)

    assert server.asked[-1] == (f"/v2/{REPOSITORY}/tags/list?n=1", "Bearer granted==")


def test_a_token_that_ecr_public_does_not_exchange_is_refused() -> None:
    with scripted(ecr_public(lets_in="another")) as server:
        assert verify_at(server.place, host=PUBLIC_HOST).verified is False


def test_ecr_publics_dual_stack_host_may_send_logins_to_the_other_one() -> None:
    with scripted(ecr_public()) as server:
        verification = verify_login(
            DUAL_STACK_PUBLIC_HOST, TOKEN, http=LoopbackClient(dict.fromkeys(PUBLIC_HOSTS, server.place))
        )
    assert verification == Verification(verified=True)


REALMS = {
    "another host": f"https://{ELSEWHERE}/token/",
    "without TLS": f"http://{PUBLIC_HOST}/token/",
    "a host that begins alike": f"https://{PUBLIC_HOST}.{ELSEWHERE}/token/",
    "a host behind a name": f"https://{PUBLIC_HOST}@{ELSEWHERE}/token/",
    "no URL": "https://[token",
}


@pytest.mark.parametrize("realm", REALMS)
def test_a_realm_elsewhere_gets_no_password(realm: str) -> None:
    challenge = AMAZONS_CHALLENGE.replace("https://public.ecr.aws/token/", REALMS[realm])
    with scripted(always(Answer())) as other, scripted(ecr_public(challenge=challenge)) as server:
        hosts = (ELSEWHERE, f"{PUBLIC_HOST}.{ELSEWHERE}")
        places = {PUBLIC_HOST: server.place, **dict.fromkeys(hosts, other.place)}
        verify_login(PUBLIC_HOST, TOKEN, http=LoopbackClient(places))

    assert (len(server.asked), other.asked) == (1, [])


def test_a_realm_elsewhere_is_no_refusal() -> None:
    with scripted(ecr_public(challenge=f'Bearer realm="https://{ELSEWHERE}/token/"')) as server:
        verification = verify_at(server.place, host=PUBLIC_HOST)

    told = "sends logins to another host, which is not given the password"
    assert verification == Verification(verified=None, doubt=f"not verified: {PUBLIC_HOST} {told}")


@pytest.mark.parametrize(
    "granted", [{}, [], "text", {"token": None}, {"token": "two\nlines"}, {"token": "ключ"}], ids=json.dumps
)
def test_an_exchange_without_a_token_is_no_refusal(granted: Any) -> None:
    with scripted(ecr_public(granted=granted)) as server:
        verification = verify_at(server.place, host=PUBLIC_HOST)

    assert verification == Verification(
        verified=None, doubt=f"not verified: {PUBLIC_HOST} answers a login without a token"
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


# Whole runs.


def run(function: Function, prove: VerifyLogin, *, force: bool = False) -> tuple[Result, ...]:
    order = RunOptions(renew_before=timedelta(hours=6), seconds=30, force=force)
    now = function.now or datetime.now(UTC)
    return sync(function.targets, order=order, cache=function.cache, now=lambda: now, verify_login=prove)


def verify_by(place: AccountRegion) -> VerifyLogin:
    return partial(verify_login, http=connect_to(place))


def verify_known(registry: Registry) -> VerifyLogin:
    """A proof at a registry that knows each token before it is tried, as ECR knows what it handed out."""

    def prove(host: str, token: AuthorizationToken, *, repository: str | None = None) -> Verification:
        registry.let_in({"AWS": token.password})
        return verify_login(host, token, repository=repository, http=connect_to(registry.place))

    return prove


@pytest.fixture
def make_function_with(cluster: Cluster, namespace: str, make_function: Callable[..., Function]) -> FunctionFactory:
    """Makes functions of one target with these credentials, in a namespace where they have their rights."""

    def make(*credentials: dict[str, Any]) -> Function:
        target = {"cluster": cluster.name, "namespace": namespace, "credentials": credentials}
        function = make_function(make_settings(target))
        grant(cluster.admin, *function.targets)
        return function

    return make


@pytest.fixture
def living(function: Function, registry: Registry, objects: Objects) -> Function:
    """A function that has written a token which lives and is let in; the next one will not be."""
    (result,) = run(function, verify_known(registry))
    assert result.action == "created"
    registry.let_in({"AWS": "another password"})
    return function


def test_a_run_writes_a_right_token_as_verified(function: Function, registry: Registry) -> None:
    (result,) = run(function, verify_known(registry))

    assert (result.action, result.verified, result.error) == ("created", True, None)


def test_a_refused_token_leaves_the_living_one_untouched(
    living: Function, registry: Registry, objects: Objects
) -> None:
    before = objects.versions

    run(living, verify_by(registry.place), force=True)

    assert objects.versions == before


def test_a_refused_token_fails_the_credential_with_that_reason(living: Function, registry: Registry) -> None:
    (result,) = run(living, verify_by(registry.place), force=True)

    error = f"{REGISTRY} refuses the new token (401); the one that is there stays"
    assert (result.action, result.verified, result.error) == ("failed", False, error)


def test_a_refused_token_is_written_where_nothing_is(
    function: Function, forbidding: Registry, objects: Objects
) -> None:
    run(function, verify_by(forbidding.place))

    assert objects.password


def test_a_refused_token_replaces_one_that_has_ended(living: Function, registry: Registry, objects: Objects) -> None:
    before = objects.password
    living.now = datetime.now(UTC) + timedelta(hours=13)

    run(living, verify_by(registry.place))

    assert objects.password != before


def test_a_refused_token_that_was_written_fails_the_credential_all_the_same(
    function: Function, forbidding: Registry
) -> None:
    (result,) = run(function, verify_by(forbidding.place))

    told = "it was written all the same, for nothing that lives was there"
    error = f"{REGISTRY} refuses the new token (401); {told}"
    assert (result.action, result.verified, result.error) == ("failed", False, error)


@pytest.fixture
def refused(function: Function, forbidding: Registry) -> Function:
    """A function that has written a token which its registry refuses, for nothing that lives was there."""
    run(function, verify_by(forbidding.place))
    return function


def test_a_refused_token_that_was_written_is_not_replaced_by_another_of_its_kind(
    refused: Function, forbidding: Registry, objects: Objects
) -> None:
    before = objects.versions

    (result,) = run(refused, verify_by(forbidding.place))

    error = f"{REGISTRY} refuses the new token (401), as it refused the one that is there"
    assert (result.action, result.error, objects.versions) == ("failed", error, before)


@pytest.mark.parametrize("hours", [7, 13], ids=["due", "ended"])
def test_a_refused_token_is_replaced_when_it_is_due_for_the_registry_may_be_wrong(
    hours: int, refused: Function, forbidding: Registry, objects: Objects
) -> None:
    before = objects.password
    refused.now = datetime.now(UTC) + timedelta(hours=hours)

    run(refused, verify_by(forbidding.place))

    assert objects.password != before


def test_a_token_that_is_let_in_replaces_a_refused_one_for_good(
    refused: Function, registry: Registry, objects: Objects
) -> None:
    (healed,) = run(refused, verify_known(registry))
    (after,) = run(refused, verify_known(registry))

    assert (healed.action, healed.verified, after.action) == ("repaired", True, "fresh")


@pytest.mark.parametrize("of", ["living", "refused"])
def test_a_label_is_put_back_although_the_new_token_is_refused(
    of: str, request: pytest.FixtureRequest, running: Registry, objects: Objects
) -> None:
    function = request.getfixturevalue(of)
    before, annotations = objects.password, objects.require("configmaps")["metadata"]["annotations"]
    objects.patch("secrets", {"metadata": {"labels": {"argocd.argoproj.io/secret-type": None}}})

    (result,) = run(function, verify_by(running.place), force=of == "living")

    assert result.action == "failed"
    assert objects.require("secrets")["metadata"]["labels"] == {"argocd.argoproj.io/secret-type": "repository"}
    assert (objects.password, objects.require("configmaps")["metadata"]["annotations"]) == (before, annotations)


def test_what_another_run_wrote_meanwhile_is_not_overwritten_with_what_was_there_before(
    living: Function, registry: Registry, objects: Objects
) -> None:
    objects.patch("secrets", {"metadata": {"labels": {"argocd.argoproj.io/secret-type": None}}})
    meanwhile = []

    def prove(_host: str, _token: AuthorizationToken, *, repository: str | None) -> Verification:
        run(living, verify_known(registry), force=True)
        meanwhile.append(objects.password)
        return Verification(verified=False, doubt="the new token is refused")

    (result,) = run(living, prove, force=True)

    assert [objects.password] == meanwhile
    assert "the new token is refused; the one that is there stays" in str(result.error)
    assert "what differs could not be put back" in str(result.error)


def test_a_refused_token_does_not_replace_one_of_which_nothing_is_known(function: Function, objects: Objects) -> None:
    known = Verification(verified=True)
    run(function, lambda _host, _token, repository: known)
    before = objects.password
    objects.delete("configmaps")

    def prove(_host: str, token: AuthorizationToken, *, repository: str | None) -> Verification:
        return Verification(verified=None if token.password == before else False, doubt="refused or not known")

    run(function, prove)

    assert objects.password == before


def test_a_refused_token_does_not_replace_one_that_logs_in_although_its_expiry_is_lost(
    function: Function, registry: Registry, objects: Objects
) -> None:
    run(function, verify_known(registry))
    before = objects.password
    objects.delete("configmaps")

    # Not asked of the real one: it looks at the first 72 bytes alone, in which two tokens may be alike.
    def prove(_host: str, token: AuthorizationToken, *, repository: str | None) -> Verification:
        return Verification(verified=token.password == before, doubt="the new token is refused")

    (result,) = run(function, prove)

    assert result.error == "the new token is refused; the one that is there stays"
    assert objects.password == before


def test_a_refused_token_replaces_one_that_does_not_log_in_and_whose_expiry_is_lost(
    living: Function, registry: Registry, objects: Objects
) -> None:
    before = objects.password
    objects.delete("configmaps")

    run(living, verify_by(registry.place))

    assert objects.password != before


OPEN: dict[str, tuple[Answer, str]] = {
    "a server that fails": (Answer(status=500), "answers 500 to a login"),
    "a connection that breaks off": (Answer(status=None), "does not answer (ProtocolError)"),
}


@pytest.mark.parametrize("answer", OPEN)
def test_a_token_of_which_nothing_is_known_replaces_a_living_one_and_the_reason_says_so(
    answer: str, living: Function
) -> None:
    given, told = OPEN[answer]
    with scripted(always(given)) as server:
        (result,) = run(living, verify_by(server.place), force=True)

    reason = f"a renewal was asked for; not verified: {REGISTRY} {told}"
    assert (result.action, result.verified, result.reason, result.error) == ("renewed", None, reason, None)


def test_a_token_whose_registry_is_unreachable_is_written_and_the_reason_says_so(
    living: Function, objects: Objects
) -> None:
    before = objects.password

    (result,) = run(living, verify_by(free_place()), force=True)

    assert objects.password != before
    assert "does not answer (NewConnectionError)" in (result.reason or "")


def test_a_token_whose_registry_is_not_trusted_is_written_as_not_verified(living: Function, registry: Registry) -> None:
    (result,) = run(living, verify_by(distrust(registry.place)), force=True)

    assert (result.action, result.verified, result.error) == ("renewed", None, None)


def test_a_missing_repository_is_told_and_keeps_nothing_from_being_written(
    make_function_with: FunctionFactory, registry: Registry
) -> None:
    function = make_function_with({"registry": REGISTRY, "verify_repository": "team/gone"})

    (result,) = run(function, verify_known(registry))

    reason = "there is no Secret and no ConfigMap; there is no repository team/gone (404)"
    assert (result.action, result.verified, result.reason) == ("created", True, reason)


def test_a_credential_that_wants_no_proof_asks_the_registry_nothing(
    make_function_with: FunctionFactory,
) -> None:
    function = make_function_with({"registry": REGISTRY, "verify": "off"})

    with scripted(always(Answer())) as server:
        (result,) = run(function, verify_by(server.place))

    assert (result.action, result.verified, server.asked) == ("created", None, [])


def test_one_token_is_tried_once_whatever_number_of_credentials_share_it(
    make_function_with: FunctionFactory,
) -> None:
    function = make_function_with(*({"registry": REGISTRY, "secret_name": f"ecr-{i}"} for i in range(5)))

    with scripted(always(Answer())) as server:
        results = run(function, verify_by(server.place))

    assert ([result.verified for result in results], len(server.asked)) == ([True] * 5, 1)
