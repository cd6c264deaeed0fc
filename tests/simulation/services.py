"""STS, EKS, ECR, the registries and the front of each API server: they answer from the simulated truth."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, unquote, urlsplit

from argo_ecr_auth.core.timestamps import format_time
from tests.simulation.api_server import ApiServer
from tests.simulation.reality import Interruption, Reality, Token
from tests.simulation.servers import Reply, Request, Server
from tests.support.faults import Fault, answer, break_off, hang, reset

_CREDENTIAL = re.compile(r"Credential=(?P<key>[^/]+)/[0-9]+/(?P<region>[^/]+)/(?P<service>[^/]+)/")
_OBJECT = re.compile(r"/api/v1/namespaces/([^/]+)/(?:secrets|configmaps)/([^/?]+)")
_SESSION_SECONDS = 3600


def _json(status: int, body: object) -> Reply:
    return Reply(status=status, body=json.dumps(body).encode())


def _truncate(request: BaseHTTPRequestHandler) -> None:
    """Less than the headers promise."""
    request.send_response_only(200)
    request.send_header("Content-Length", "5000")
    request.end_headers()
    request.wfile.write(b'{"kind": "Secr')


CONNECTION_WAYS = ("no connection", "wrong CA")
WAYS: Mapping[str, Fault] = {
    **dict.fromkeys(CONNECTION_WAYS, reset),  # of a connection that was open before
    "reset": reset,
    "broken off": break_off,
    "slow": hang,
    "throttled": answer(b'{"__type": "ThrottlingException"}', status=429, headers={"Retry-After": "1"}),
    "unavailable": answer(b"<html>Service Unavailable</html>", status=503),
    "failing": answer(b'{"message": "Internal error"}', status=500),
    "garbage": answer(bytes(range(256))),
    "a page": answer(b"<!DOCTYPE html><html>Sign in</html>", headers={"Content-Type": "text/html"}),
    "truncated": _truncate,
    "denied": answer(
        b'{"__type": "AccessDeniedException", "message": "no", "kind": "Status", "reason": "Unauthorized"}', status=401
    ),
}


def serve_aws(reality: Reality, addresses: Callable[[str], tuple[str, str]]) -> Server:
    """STS, EKS and ECR at one endpoint; `addresses` gives a cluster's URL and PEM."""

    def act(request: Request) -> Reply | Fault:
        found = _CREDENTIAL.search(request.headers.get("Authorization", ""))
        assert found is not None, "a request without a signature"
        environment, role = reality.sessions[found["key"]]
        service, region = found["service"], found["region"]
        form = {key: values[0] for key, values in parse_qs(request.body.decode()).items()} if service == "sts" else {}
        cluster = urlsplit(request.path).path.rpartition("/")[2]
        what, hit = {
            "sts": ("sts", f"sts:{form.get('RoleArn')}"),
            "eks": ("eks", f"eks:{cluster}"),
            "ecr": (f"ecr:{region}", f"ecr:{region}:{role}"),
        }[service]
        way = "reset" if reality.dead == environment else reality.faults.get(what)
        if way or reality.ended:
            reality.hits[hit] += 1
            return WAYS[way] if way else _SESSION_HAS_ENDED[service]
        if service == "sts":
            return _assume(reality, form["RoleArn"], environment=environment)
        if service == "eks":
            return _describe(cluster, *addresses(cluster))
        reality.calls[hit] += 1
        return _authorize(reality.issue(region=region, role=role))

    return Server(act, tls=False)


_ENDED = _json(403, {"__type": "ExpiredTokenException", "message": "The security token has expired"})
_SESSION_HAS_ENDED = {
    "sts": Reply(
        status=403,
        body=b"<ErrorResponse><Error><Code>ExpiredToken</Code><Message>ended</Message></Error></ErrorResponse>",
        headers={"Content-Type": "text/xml"},
    ),
    "eks": _ENDED,
    "ecr": _ENDED,
}


def _describe(cluster: str, url: str, pem: str) -> Reply:
    authority = {"data": base64.b64encode(pem.encode()).decode()}
    described = {"name": cluster, "status": "ACTIVE", "endpoint": url, "certificateAuthority": authority}
    return _json(200, {"cluster": described})


def _authorize(token: Token) -> Reply:
    text = base64.b64encode(f"AWS:{token.password}".encode()).decode()
    data = {"authorizationToken": text, "expiresAt": token.expires_at.timestamp()}
    return _json(200, {"authorizationData": [data]})


def _assume(reality: Reality, arn: str, *, environment: int) -> Reply:
    with reality.lock:
        key = f"ASIASESSION{len(reality.sessions):08}"
        reality.sessions[key] = environment, arn
    ends = format_time(datetime.now(UTC) + timedelta(seconds=_SESSION_SECONDS))
    body = f"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
        <AccessKeyId>{key}</AccessKeyId><SecretAccessKey>secret-of-{key}</SecretAccessKey>
        <SessionToken>session-of-{key}</SessionToken><Expiration>{ends}</Expiration></Credentials>
        </AssumeRoleResult></AssumeRoleResponse>"""
    return Reply(status=200, body=body.encode(), headers={"Content-Type": "text/xml"})


def serve_registry(reality: Reality, host: str) -> Server:
    """The registry of this host."""

    def act(request: Request) -> Reply | Fault:
        if way := reality.faults.get(f"registry:{host}"):
            reality.hits[f"registry:{host}"] += 1
            return WAYS[way]
        basic = request.headers.get("Authorization", "").removeprefix("Basic ")
        password = base64.b64decode(basic).decode().partition(":")[2]
        if reality.takes(host, password):
            return _json(200, {})
        reality.hits[f"registry:{host}"] += 1
        return _json(401, {"errors": [{"code": "DENIED"}]})

    return Server(act, tls=True, count_hit=_find_connection_fault(reality, f"registry:{host}"))


def _find_connection_fault(reality: Reality, service: str) -> Callable[[], str | None]:
    def find() -> str | None:
        way = reality.faults.get(service)
        if way not in CONNECTION_WAYS:
            return None
        reality.hits[service] += 1
        return way

    return find


def serve_cluster(reality: Reality, name: str, *, role: str, api_server: ApiServer) -> Server:
    """The front of an API server, which knows the principals of AWS; `role` is the one that has an access entry."""

    def act(request: Request) -> Reply | Fault:
        environment, caller = reality.sessions.get(_read_access_key(request), (-1, ""))
        if environment == reality.dead:
            return break_off
        place = _OBJECT.match(request.path)
        at = (name, unquote(place[1]), unquote(place[2])) if place else None
        interruption = reality.interruption
        if interruption and (interruption.environment, interruption.place) != (environment, at):
            interruption = None
        if interruption:
            _interrupt(interruption)
        if way := reality.faults.get(f"api:{name}"):
            reality.hits[f"api:{name}"] += 1
            return WAYS[way]
        if reality.ended:
            reality.hits[f"api:{name}"] += 1
        token = "member" if caller == role and not reality.ended else "unknown"
        body = json.loads(request.body) if request.body else None
        content_type = request.headers.get("Content-Type", "application/json")
        status, found = api_server.request(request.method, request.path, body, content_type=content_type, token=token)
        if request.method == "PATCH" and at and status < 300:
            reality.writes[at] += 1
        if interruption and interruption.kills and interruption.seen >= interruption.turn:
            reality.dead = environment
            return break_off
        return _json(status, found)

    return Server(act, tls=True, count_hit=_find_connection_fault(reality, f"api:{name}"))


def _interrupt(interruption: Interruption) -> None:
    interruption.seen += 1
    if interruption.seen == interruption.turn and not interruption.kills:
        interruption.reached.set()
        interruption.released.wait(30)


def _read_access_key(request: Request) -> str:
    token = request.headers.get("Authorization", "").removeprefix("Bearer k8s-aws-v1.")
    url = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode(errors="replace")
    return parse_qs(urlsplit(url).query).get("X-Amz-Credential", [""])[0].partition("/")[0]
