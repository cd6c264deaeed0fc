"""ECR as Argo CD meets it: a registry under ECR's own host name, behind a front that judges tokens in ECR's words.

The front is also the proxy that leads to the host. A client finds it by HTTPS_PROXY, so that nobody needs to be root.
Behind the proxy every other host and port is a registry too: it asks for a password, and notes the header that it gets.
"""

import contextlib
import http.client
import json
import re
import secrets
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import trustme
import urllib3

from tests.local_cloud import ecr_token
from tests.local_cloud.cloud import LocalCloud
from tests.local_cloud.registry import Registry
from tests.support.function import REGISTRY

ENDED = "Your authorization token has expired. Reauthenticate and try again."

_Answer = tuple[int, bytes, dict[str, str]]
_NO_CREDENTIALS: _Answer = (
    HTTPStatus.UNAUTHORIZED,
    b"Not Authorized\n",
    {
        "Content-Type": "text/plain; charset=utf-8",
        "Www-Authenticate": f'Basic realm="https://{REGISTRY}/",service="ecr.amazonaws.com"',
    },
)
_HAS_ENDED: _Answer = (
    HTTPStatus.FORBIDDEN,
    json.dumps({"errors": [{"code": "DENIED", "message": ENDED}]}).encode(),
    {"Content-Type": "application/json; charset=utf-8"},
)
_NOT_FOUND: _Answer = (HTTPStatus.NOT_FOUND, b"{}", {"Content-Type": "application/json; charset=utf-8"})
UNCACHED = "uncached"
"""Repositories below it are those of a pull-through cache before the first pull: the list of their tags is empty."""
_NO_TAGS: _Answer = (HTTPStatus.OK, b'{"tags": []}', {"Content-Type": "application/json; charset=utf-8"})
_REPOSITORY = re.compile(r"/v2/(.+)/(?:manifests|blobs|tags)/")
_PASSED_ON = ("Accept", "Content-Type", "Content-Range", "Content-Length", "Host", "Range")
_PASSED_BACK = (
    "Content-Type",
    "Content-Range",
    "Docker-Content-Digest",
    "Docker-Distribution-Api-Version",
    "Docker-Upload-UUID",
    "Link",
    "Location",
    "Range",
)


@dataclass(frozen=True, kw_only=True)
class Pull:
    """A request that was let in: the caller that had asked ECR for its token, and the repository."""

    caller: str
    repository: str


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A request to another place (HOST:PORT) than the registry's, with its Authorization header."""

    place: str
    authorization: str | None


@dataclass(kw_only=True)
class Ecr:
    """The registry's front: the proxy that leads to it, which tokens it lets in, and what it let them pull."""

    cloud: LocalCloud
    authority: Path
    proxy: str = field(default="", init=False)
    ended: int = field(default=0, init=False)
    visits: list[Visit] = field(default_factory=list, init=False)
    _pulls: list[Pull] = field(default_factory=list, init=False)
    _held: str | None = field(default=None, init=False)
    _holds: Event = field(default_factory=Event, init=False)
    _released: Event = field(default_factory=Event, init=False)

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a client that finds and trusts the registry."""
        return {
            "HTTPS_PROXY": self.proxy,
            "https_proxy": self.proxy,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "SSL_CERT_FILE": str(self.authority),
            "AWS_CA_BUNDLE": str(self.authority),
        }

    def issue_token(self) -> str:
        """An authorization token for the account's root, as `aws ecr get-authorization-token` answers it."""
        (data,) = self.cloud.client("ecr").get_authorization_token()["authorizationData"]
        return str(data["authorizationToken"])

    def end_tokens(self) -> None:
        """Refuse all tokens that were issued so far."""
        self.ended = ecr_token.parse(self.issue_token()).turn

    @contextmanager
    def hold_pulls(self, repository: str) -> Iterator[Event]:
        """Let requests for this repository wait until the end of the block; the event says that one does."""
        self._holds.clear()
        self._released.clear()
        self._held = repository
        try:
            yield self._holds
        finally:
            self._held = None
            self._released.set()

    def list_pulls(self, repository: str) -> list[Pull]:
        return [pull for pull in self._pulls if pull.repository == repository]

    def admit_pull(self, pull: Pull) -> None:
        """Note it, and return when it may go on."""
        self._pulls.append(pull)
        if pull.repository == self._held:
            self._holds.set()
            self._released.wait()

    def find_refusal(self, authorization: str | None) -> _Answer | None:
        """How ECR refuses this header, if it does."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme != "Basic":
            return _NO_CREDENTIALS
        try:
            turn = ecr_token.parse(token).turn
        except (ValueError, TypeError):
            return _NO_CREDENTIALS
        return _HAS_ENDED if turn <= self.ended else None


@contextmanager
def run_ecr(cloud: LocalCloud, directory: Path) -> Iterator[Ecr]:
    """A registry with its front, until the end of the block."""
    authority = trustme.CA()
    certificates = directory / "ecr.crt"
    authority.cert_pem.write_to_path(str(certificates))
    users = {"front": secrets.token_urlsafe(24)}
    with Registry(directory / "registry", authority=authority, users=users) as registry:
        ecr = Ecr(cloud=cloud, authority=certificates)
        make_tls = staticmethod(cache(partial(_make_tls, authority)))
        handler = type("Handler", (_Front,), {"ecr": ecr, "registry": registry, "make_tls": make_tls})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        ecr.proxy = f"http://127.0.0.1:{server.server_port}"
        thread.start()
        try:
            yield ecr
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _make_tls(authority: trustme.CA, host: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    return context


class _Front(BaseHTTPRequestHandler):
    """A proxy that terminates TLS itself: after CONNECT it is ECR, or another host, on the same connection."""

    protocol_version = "HTTP/1.1"
    ecr: Ecr
    registry: Registry
    make_tls: Callable[[str], ssl.SSLContext]
    place: str

    def do_CONNECT(self) -> None:
        self.place = self.path
        self.send_response(HTTPStatus.OK)
        self.end_headers()
        try:
            tls = self.make_tls(self.place.rpartition(":")[0])
            self.connection = tls.wrap_socket(self.connection, server_side=True)
        except OSError:
            self.close_connection = True
            return
        self.rfile = self.connection.makefile("rb", -1)
        self.wfile = self.connection.makefile("wb", 0)
        self.close_connection = False

    def do_GET(self) -> None:
        body = self._read_body()
        if not isinstance(self.connection, ssl.SSLSocket):
            self._answer(HTTPStatus.BAD_REQUEST, b"this proxy only connects", {})
        elif self.place != f"{REGISTRY}:443":
            self.ecr.visits.append(Visit(place=self.place, authorization=self.headers["Authorization"]))
            # Whoever has sent a password is not asked for it again.
            self._answer(*(_NOT_FOUND if self.headers["Authorization"] else _NO_CREDENTIALS))
        elif refusal := self.ecr.find_refusal(self.headers["Authorization"]):
            self._answer(*refusal)
        elif re.match(rf"/v2/{UNCACHED}/.+/tags/list", self.path):
            self._answer(*_NO_TAGS)
        else:
            found = _REPOSITORY.match(self.path)
            # A push asks by HEAD what is there.
            if found and self.command == "GET":
                token = ecr_token.parse(self.headers["Authorization"].partition(" ")[2])
                self.ecr.admit_pull(Pull(caller=token.caller, repository=found[1]))
            self._pass_on(body)

    do_HEAD = do_PATCH = do_POST = do_PUT = do_GET  # noqa: N815 - the names of http.server

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()
        self.connection.close()

    def log_message(self, *_: object) -> None:
        pass

    def _read_body(self) -> bytes:
        if self.headers["Transfer-Encoding"] != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _pass_on(self, body: bytes) -> None:
        context = ssl.create_default_context(cadata=self.registry.address.ca_pem)
        server = http.client.HTTPSConnection(self.registry.endpoint, context=context)
        headers: dict[str, Any] = {name: self.headers[name] for name in _PASSED_ON if name in self.headers}
        ((user, password),) = self.registry.users.items()
        headers |= urllib3.make_headers(basic_auth=f"{user}:{password}")
        with contextlib.closing(server):
            server.request(self.command, self.path, body, headers | {"Content-Length": str(len(body))})
            response = server.getresponse()
            back = {name: response.headers[name] for name in _PASSED_BACK if name in response.headers}
            length = response.headers["Content-Length"] if self.command == "HEAD" else None
            self._answer(response.status, response.read(), back, length=length)

    def _answer(self, status: int, body: bytes, headers: dict[str, str], *, length: str | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", length or str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
