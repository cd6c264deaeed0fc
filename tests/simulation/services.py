"""STS, EKS, ECR, the registries and the fronts of the API servers: they answer from the simulated truth."""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

from argo_ecr_auth.core.timestamps import format_time
from tests.servers.answers import BODIES, refuse_as_sts
from tests.servers.faults import close, hang, reset, send_half
from tests.servers.server import Answer, ConnectionFault, Fault, Request, Server, answer_json
from tests.servers.upstream import pass_on
from tests.simulation.cluster import MEMBER, Cluster
from tests.simulation.reality import Interruption, Reality, Token

_CREDENTIAL = re.compile(r"Credential=(?P<key>[^/]+)/[0-9]+/(?P<region>[^/]+)/(?P<service>[^/]+)/")
_OBJECT = re.compile(r"/api/v1/namespaces/([^/]+)/(?:secrets|configmaps)/([^/?]+)")
_SESSION_SECONDS = 3600

CONNECTION_FAULTS: Mapping[str, ConnectionFault] = {"no connection": "reset", "untrusted CA": "untrusted CA"}
FAULTS: Mapping[str, Answer | Fault] = {
    **dict.fromkeys(CONNECTION_FAULTS, reset),  # for a connection that was open before
    "reset": reset,
    "closed": close,
    "slow": hang,
    "throttled": replace(answer_json({"__type": "ThrottlingException"}, status=429), headers={"Retry-After": "1"}),
    "unavailable": Answer(status=503, body=b"<html>Service Unavailable</html>"),
    "failing": answer_json({"message": "Internal error"}, status=500),
    "garbage": Answer(body=BODIES["garbage"]),
    "HTML": Answer(body=BODIES["HTML"], headers={"Content-Type": "text/html"}),
    "truncated": send_half(Answer(body=BODIES["an object without a name"])),
    "denied": answer_json(
        {"__type": "AccessDeniedException", "message": "no", "kind": "Status", "reason": "Unauthorized"}, status=401
    ),
}
_EXPIRED = answer_json({"__type": "ExpiredTokenException", "message": "The security token has expired"}, status=403)
_SESSION_EXPIRED = {"sts": refuse_as_sts("ExpiredToken"), "eks": _EXPIRED, "ecr": _EXPIRED}


def serve_aws(reality: Reality, find_address: Callable[[str], tuple[str, str]]) -> Server:
    """STS, EKS and ECR at one endpoint; `find_address` returns a cluster's URL and PEM."""

    def handle(request: Request) -> Answer | Fault:
        found = _CREDENTIAL.search(request.headers.get("Authorization", ""))
        assert found is not None, "a request without a signature"
        environment, role = reality.sessions[found["key"]]
        service, region = found["service"], found["region"]
        arn = parse_qs(request.body.decode())["RoleArn"][0] if service == "sts" else ""
        cluster = urlsplit(request.path).path.rpartition("/")[2]
        name, hit = {
            "sts": ("sts", f"sts:{arn}"),
            "eks": ("eks", f"eks:{cluster}"),
            "ecr": (f"ecr:{region}", f"ecr:{region}:{role}"),
        }[service]
        fault = "reset" if reality.killed == environment else reality.faults.get(name)
        if fault or reality.sessions_expired:
            reality.hits[hit] += 1
            return FAULTS[fault] if fault else _SESSION_EXPIRED[service]
        if service == "sts":
            return _assume(reality, arn, environment=environment)
        if service == "eks":
            return _describe(cluster, *find_address(cluster))
        reality.calls[hit] += 1
        return _authorize(reality.issue(region=region, role=role))

    return Server(handle, tls=False)


def _describe(cluster: str, url: str, pem: str) -> Answer:
    authority = {"data": base64.b64encode(pem.encode()).decode()}
    described = {"name": cluster, "status": "ACTIVE", "endpoint": url, "certificateAuthority": authority}
    return answer_json({"cluster": described})


def _authorize(token: Token) -> Answer:
    text = base64.b64encode(f"AWS:{token.password}".encode()).decode()
    data = {"authorizationToken": text, "expiresAt": token.expires_at.timestamp()}
    return answer_json({"authorizationData": [data]})


def _assume(reality: Reality, arn: str, *, environment: int) -> Answer:
    with reality.lock:
        key = f"ASIASESSION{len(reality.sessions):08}"
        reality.sessions[key] = environment, arn
    expiry = format_time(datetime.now(UTC) + timedelta(seconds=_SESSION_SECONDS))
    body = f"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
        <AccessKeyId>{key}</AccessKeyId><SecretAccessKey>secret-of-{key}</SecretAccessKey>
        <SessionToken>session-of-{key}</SessionToken><Expiration>{expiry}</Expiration></Credentials>
        </AssumeRoleResult></AssumeRoleResponse>"""
    return Answer(body=body.encode(), headers={"Content-Type": "text/xml"})


def serve_registry(reality: Reality, host: str) -> Server:
    """The registry of this host."""
    service = f"registry:{host}"

    def handle(request: Request) -> Answer | Fault:
        basic = request.headers.get("Authorization", "").removeprefix("Basic ")
        password = base64.b64decode(basic).decode().partition(":")[2]
        fault = reality.faults.get(service)
        if not fault and reality.accepts(host, password):
            return answer_json({})
        reality.hits[service] += 1
        return FAULTS[fault] if fault else answer_json({"errors": [{"code": "DENIED"}]}, status=401)

    return Server(handle, on_connect=lambda: _find_connection_fault(reality, service))


def _find_connection_fault(reality: Reality, service: str) -> ConnectionFault | None:
    fault = CONNECTION_FAULTS.get(reality.faults.get(service, ""))
    if fault:
        reality.hits[service] += 1
    return fault


def serve_cluster(reality: Reality, cluster: Cluster, *, role: str) -> Server:
    """The front of an API server, which knows AWS principals; `role` is the one that has an access entry."""
    service = f"api:{cluster.name}"
    upstream = pass_on(cluster.plane.endpoint, client=cluster.http)

    def handle(request: Request) -> Answer | Fault:
        environment, caller = reality.sessions.get(_read_access_key(request), (-1, ""))
        if environment == reality.killed:
            return close
        found = _OBJECT.match(request.path)
        secret = f"{unquote(found[1])}/{unquote(found[2])}" if found else ""
        interruption = reality.interruption
        if interruption and (interruption.environment, interruption.secret) != (environment, secret):
            interruption = None
        if interruption:
            _interrupt(interruption)
        fault = reality.faults.get(service)
        if fault or reality.sessions_expired:
            reality.hits[service] += 1
        if fault:
            return FAULTS[fault]
        token = MEMBER if caller == role and not reality.sessions_expired else "unknown"
        try:
            answer = upstream(replace(request, headers={**request.headers, "Authorization": f"Bearer {token}"}))
        finally:
            if request.method != "GET":
                cluster.forget()
        if request.method == "PATCH" and answer.status < 300:
            reality.writes[secret] += 1
        if interruption and interruption.kills and interruption.requests >= interruption.request:
            reality.killed = environment
            return close
        return answer

    return Server(handle, on_connect=lambda: _find_connection_fault(reality, service))


def _interrupt(interruption: Interruption) -> None:
    interruption.requests += 1
    if interruption.requests == interruption.request and not interruption.kills:
        interruption.reached.set()
        interruption.released.wait(30)


def _read_access_key(request: Request) -> str:
    token = request.headers.get("Authorization", "").removeprefix("Bearer k8s-aws-v1.")
    url = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode(errors="replace")
    return parse_qs(urlsplit(url).query).get("X-Amz-Credential", [""])[0].partition("/")[0]
