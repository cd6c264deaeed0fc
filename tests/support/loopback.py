"""Small servers on this machine: a proxy before an API server, an admission webhook."""

import http.client
import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import trustme


@contextmanager
def https_server(handler: type[BaseHTTPRequestHandler]) -> Iterator[tuple[str, str]]:
    """Serves on a free port of 127.0.0.1; gives its URL and its authority's PEM."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with _serve(handler, tls=context) as port:
        yield f"https://127.0.0.1:{port}", authority.cert_pem.bytes().decode()


@contextmanager
def http_server(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The same without TLS, as an endpoint of AWS in a test; gives its URL."""
    with _serve(handler, tls=None) as port:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _serve(handler: type[BaseHTTPRequestHandler], *, tls: ssl.SSLContext | None) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def passing_on(endpoint: str, ca_pem: str, *, first: Callable[[BaseHTTPRequestHandler], bool]) -> type[Any]:
    """A handler that passes requests on to a real API server, except those that `first` has answered."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._pass_on()

        def do_PATCH(self) -> None:
            self._pass_on()

        def log_message(self, *_: object) -> None:
            pass

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if first(self):
                return
            host = endpoint.removeprefix("https://")
            server = http.client.HTTPSConnection(host, context=ssl.create_default_context(cadata=ca_pem))
            kept = {"Authorization", "Content-Type", "Accept"}
            server.request(self.command, self.path, body, {k: v for k, v in self.headers.items() if k in kept})
            response = server.getresponse()
            answer = response.read()
            server.close()
            self.send_response(response.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    return Handler


def denying(words: Callable[[dict[str, Any], dict[str, Any] | None], str]) -> type[BaseHTTPRequestHandler]:
    """An admission webhook (admission.k8s.io/v1) that denies all, in words made from both objects."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            request = review["request"]
            status = {"message": words(request["object"], request["oldObject"])}
            review["response"] = {"uid": request["uid"], "allowed": False, "status": status}
            answer = json.dumps(review).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
