"""Reading and applying objects over the kubernetes package's ApiClient, without its typed models.

The models would cost every cold start more than all the rest of this package.
"""

import base64
import json
import re
import ssl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import urllib3
from kubernetes.client.api_client import ApiClient
from kubernetes.client.configuration import Configuration
from urllib3.exceptions import HTTPError, MaxRetryError, SSLError
from urllib3.util.ssl_ import create_urllib3_context

from argo_ecr_auth.clients.eks import Address
from argo_ecr_auth.core.errors import AddressError, SyncError
from argo_ecr_auth.core.manifests import FIELD_MANAGER, Manifest, docker_secrets
from argo_ecr_auth.core.targets import Role

FUNCTION = "the function's role"
"""Who speaks to clusters, unless a connection says otherwise."""

_CONNECT_AND_READ_SECONDS = (3, 10)
_CONNECTIONS = 16  # as many credentials as a run does at once
_PLURALS = {"Secret": "secrets", "ConfigMap": "configmaps"}
_LONGEST_QUOTE = 300
_SHORTEST_TO_MASK = 8  # to blot out a shorter one would tell it by the gaps
_SECONDS_OF_RETRY_AFTER = 3
# How the API server's authorizer puts it; an admission webhook may answer 403 too, in words of its own.
_NO_RIGHT = re.compile(r'is forbidden: User ".*" cannot \w+ resource "')


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A cluster's API server and the bearer token to speak to it with (empty: the client's certificate says who)."""

    target: str
    cluster: str
    region: str
    api: ApiClient = field(repr=False)
    bearer: str = field(repr=False)
    caller: str = FUNCTION
    role: Role | None = None  # the one that it speaks as, instead of the caller's own


def make_api_client(address: Address) -> ApiClient:
    """A client that trusts this address's authority alone, retries what may pass, and follows no redirect."""
    context = make_tls_context()
    try:
        context.load_verify_locations(cadata=address.certificate_authority)
    except (ssl.SSLError, ValueError):
        raise SyncError(f"the certificate authority of {address.endpoint} cannot be read: it is no PEM") from None
    return make_client(Configuration(host=address.endpoint), context=context)


def make_tls_context() -> ssl.SSLContext:
    """Checks chain and host name, and trusts nobody yet."""
    context = create_urllib3_context()
    # From Python 3.13 on; the authority of a cluster born at Kubernetes 1.16 or before lacks a key identifier
    # (kubernetes-client/python issue 2394). Chain and host name are checked all the same.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def make_client(configuration: Configuration, *, context: ssl.SSLContext) -> ApiClient:
    """A client of the configured host that retries what may pass, and follows no redirect."""
    configuration.retries = urllib3.Retry(
        total=2,
        other=0,  # a certificate that is refused stays refused
        redirect=0,
        backoff_factor=0.2,
        allowed_methods=None,  # an apply is idempotent
        status_forcelist=[429, 500, 502, 503, 504],
        raise_on_status=False,
        raise_on_redirect=False,
        retry_after_max=_SECONDS_OF_RETRY_AFTER,
    )
    configuration.connection_pool_maxsize = _CONNECTIONS
    client = ApiClient(configuration)
    client.user_agent = FIELD_MANAGER
    client.rest_client.pool_manager.connection_pool_kw["ssl_context"] = context
    return client


def read_object(connection: Connection, *, kind: str, namespace: str, name: str) -> Manifest | None:
    """The object as the API server gives it, None where there is none. Raises SyncError."""
    status, body = call(connection, "GET", _path(kind, namespace, name))
    if status == HTTPStatus.NOT_FOUND:
        return None
    if status != HTTPStatus.OK:
        raise _refused(connection, status, body, doing=f"get the {kind} {namespace}/{name}", namespace=namespace)
    if not isinstance(body.get("metadata"), dict):
        raise SyncError(f"{connection.api.configuration.host} answers, but not as an API server does")
    return {**body, "kind": kind}


def apply_object(connection: Connection, manifest: Manifest, *, there: Manifest | None = None) -> None:
    """Server-side apply, taking over our fields from whoever wrote them; the others stay.

    Raises SyncError; what an admission webhook said of the object is quoted in it, but for what is secret in it and in
    the Secret that is `there`.
    """
    kind, metadata = manifest["kind"], manifest["metadata"]
    namespace, name = metadata["namespace"], metadata["name"]
    path = f"{_path(kind, namespace, name)}?fieldManager={FIELD_MANAGER}&force=true"
    status, body = call(connection, "PATCH", path, manifest)
    if status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
        doing = f"apply the {kind} {namespace}/{name}"
        secrets = [secret for found in (manifest, there) if found for secret in _secrets_of(found)]
        raise _refused(connection, status, body, doing=doing, namespace=namespace, secrets=secrets)


def _masked(text: str, secrets: Iterable[str]) -> str:
    for secret in filter(None, secrets):
        if len(secret) < _SHORTEST_TO_MASK and secret in text:
            return "in words that are not repeated here, for they hold what the Secret holds"
        text = text.replace(secret, "***")
    return text


def _secrets_of(manifest: Manifest) -> Iterator[str]:
    """What no message may hold of a Secret: the payload as it is written, decoded, and what is secret within."""
    data = manifest.get("data") or {} if manifest["kind"] == "Secret" else {}
    for key in {"password", ".dockerconfigjson"} & data.keys():
        decoded = base64.b64decode(data[key]).decode(errors="replace")
        yield from (data[key], decoded)
        yield from docker_secrets(decoded)


def _path(kind: str, namespace: str, name: str) -> str:
    return f"/api/v1/namespaces/{quote(namespace, safe='')}/{_PLURALS[kind]}/{quote(name, safe='')}"


def call(connection: Connection, method: str, path: str, body: Manifest | None = None) -> tuple[int, Mapping[str, Any]]:
    """Status and JSON of the API server's answer, whatever it says; a body is applied. Raises AddressError."""
    host = connection.api.configuration.host
    headers = {"Accept": "application/json", "User-Agent": connection.api.user_agent}
    if connection.bearer:
        headers["Authorization"] = f"Bearer {connection.bearer}"
    if body is not None:
        headers["Content-Type"] = "application/apply-patch+yaml"
    try:
        response = connection.api.call_api(
            method, host + path, header_params=headers, body=body, _request_timeout=_CONNECT_AND_READ_SECONDS
        )
        text = response.response.data
    except HTTPError as error:
        raise _unreachable(connection, error) from None
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    return response.status, answer if isinstance(answer, dict) else {}


def _unreachable(connection: Connection, error: HTTPError) -> AddressError:
    host = connection.api.configuration.host
    cause = error.reason if isinstance(error, MaxRetryError) and error.reason else error
    if isinstance(cause, SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(cause):
        return AddressError(
            f"the certificate of {host} is not one of {connection.cluster}'s authority: if certificate_authority is "
            "set for the target, correct it; otherwise something stands between"
        )
    return AddressError(
        f"{host} of the cluster {connection.cluster} does not answer ({type(cause).__name__}): is its endpoint "
        "private, limited by publicAccessCidrs, or the cluster stopped?"
    )


def _refused(
    connection: Connection,
    status: int,
    body: Mapping[str, Any],
    *,
    doing: str,
    namespace: str,
    secrets: Iterable[str] = (),
) -> SyncError:
    where = f"{connection.cluster}'s API server"
    message = str(body.get("message", ""))
    if status == HTTPStatus.UNAUTHORIZED and connection.caller != FUNCTION:
        return SyncError(
            f"{where} answers 401 to {connection.caller}: no access entry on EKS, or a token that has ended"
        )
    if status == HTTPStatus.FORBIDDEN and _NO_RIGHT.search(message) and connection.caller != FUNCTION:
        return SyncError(
            f"{where} does not let {connection.caller} {doing}: the right is missing, or the namespace {namespace} is"
        )
    if status == HTTPStatus.UNAUTHORIZED:
        who = f"the role {connection.role.arn}" if connection.role else connection.caller
        return SyncError(
            f"{where} answers 401 to {who}: it has no access entry (aws eks list-access-entries "
            f"--cluster-name {connection.cluster} --region {connection.region}), was made anew since the entry, or the "
            "endpoint is another cluster's than the target's cluster says"
        )
    if status == HTTPStatus.FORBIDDEN and _NO_RIGHT.search(message):
        return SyncError(
            f"{where} does not let the function {doing}: the namespace {namespace} is missing (kubectl create "
            f"namespace {namespace}), or its Role is (kubectl apply -f cdk.out/rbac/{connection.target}.rbac.yaml)"
        )
    if status == HTTPStatus.NOT_FOUND:
        return SyncError(f"{where} has no namespace {namespace}: kubectl create namespace {namespace}")
    quoted = " ".join(_masked(message, secrets).split())[:_LONGEST_QUOTE] or "no reason given"
    return SyncError(f"{where} refused to {doing} ({status}): {quoted}")
