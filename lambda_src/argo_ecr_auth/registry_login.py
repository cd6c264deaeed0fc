"""Verifies a token by a login at its registry.

It asks as the registry's clients do (OCI Distribution Specification; Docker's token flow).
"""

import base64
import json
import os
import re
import socket
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from urllib.parse import urlencode

import urllib3
from botocore.httpsession import ProxyConfiguration
from botocore.utils import get_environ_proxies
from urllib3.exceptions import HTTPError, MaxRetryError, NameResolutionError

from argo_ecr_auth.core.authorization_token import USERNAME, AuthorizationToken
from argo_ecr_auth.core.registry import PUBLIC_HOSTS
from argo_ecr_auth.deadlines import time_is_up, time_limit

_SECONDS = 10  # for all requests of a login together
_TIMEOUT = urllib3.Timeout(connect=3, read=5)
_ONE_MORE_CONNECTION = urllib3.Retry(
    total=1, read=0, redirect=0, status=0, other=0, backoff_factor=0.2, respect_retry_after_header=False
)
_MAX_BODY = 256 * 1024  # bytes, decompressed
_MAX_CHALLENGE = 2_000  # characters
_REFUSALS = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
_BEARER = re.compile(r'Bearer\s.*?realm="(?P<realm>[^"]+)"', re.IGNORECASE)
_PARAMETER = re.compile(r'(service|scope)="([^"]*)"')
_BEARER_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, 2.1


class Login(Enum):
    """What a registry says of a token."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # clearly: 401 or 403
    NO_SUCH_HOST = "no such host"  # its name does not resolve: the settings are wrong, or the resolver is
    INCONCLUSIVE = "inconclusive"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, kw_only=True)
class Verification:
    """A registry's answer to a login, and why it is not a plain yes."""

    login: Login
    reason: str | None = None

    @property
    def verified(self) -> bool | None:
        """As results have it: None where the registry's answer is not known."""
        return {Login.ACCEPTED: True, Login.REFUSED: False}.get(self.login)


class InconclusiveError(Exception):
    """The answers do not tell whether the token is right; the message says what they do tell."""


@dataclass(frozen=True, kw_only=True)
class _Answer:
    status: int
    challenge: str  # the header WWW-Authenticate
    body: bytes


def verify_login(
    host: str,
    token: AuthorizationToken,
    *,
    repository: str | None = None,
    http: urllib3.PoolManager | None = None,
    seconds: float = _SECONDS,
) -> Verification:
    """Log in at a registry with a token, and where a repository is named, list its tags, within so many seconds.

    Never raises for what the registry does. No redirect is followed: the password is only for this host.
    """
    basic = "Basic " + base64.b64encode(f"{USERNAME}:{token.password}".encode()).decode()
    with time_limit(seconds):
        try:
            client = http or _make_http_client(f"https://{host}/")
            answer, authorization = _log_in(client, host, basic)
        except HTTPError as error:
            if _is_unknown_name(error):
                return Verification(login=Login.NO_SUCH_HOST, reason=f"{host} does not resolve")
            return _inconclusive(f"{host} does not answer ({_name_cause(error)})")
        except InconclusiveError as odd:
            return _inconclusive(f"{host} {odd}")
        if answer.status in _REFUSALS:
            return Verification(login=Login.REFUSED, reason=f"{host} answered {answer.status}")
        if answer.status != HTTPStatus.OK:
            return _inconclusive(f"{host} returned {answer.status} for the login")
        return Verification(login=Login.ACCEPTED, reason=_try_to_list(client, host, authorization, repository))


def _inconclusive(why: str) -> Verification:
    return Verification(login=Login.INCONCLUSIVE, reason=f"not verified: {why}")


def _log_in(client: urllib3.PoolManager, host: str, basic: str) -> tuple[_Answer, str]:
    """The registry's answer to the login, and the header that it was made with."""
    # ECR takes the password at once; ECR Public is asked as its documented clients ask, first without one.
    first = None if host in PUBLIC_HOSTS else basic
    answer = _get(client, f"https://{host}/v2/", first)
    bearer = _BEARER.search(answer.challenge) if answer.status == HTTPStatus.UNAUTHORIZED else None
    if bearer is None and first is None and answer.status in _REFUSALS:
        raise InconclusiveError(f"answers {answer.status} without saying how to log in")
    if bearer is None:
        return answer, basic
    # It issues tokens of its own. The password does not go to another host than the registry's.
    own = PUBLIC_HOSTS if host in PUBLIC_HOSTS else (host,)
    if not f"{bearer['realm']}/".startswith(tuple(f"https://{name}/" for name in own)):
        raise InconclusiveError("sends logins to another host, which does not get the password")
    issued = _get(client, f"{bearer['realm']}?{urlencode(dict(_PARAMETER.findall(answer.challenge)))}", basic)
    if issued.status != HTTPStatus.OK:
        return issued, basic
    authorization = f"Bearer {_parse_token(issued.body)}"
    return _get(client, f"https://{host}/v2/", authorization), authorization


def _parse_token(body: bytes) -> str:
    try:
        answer = json.loads(body)
        token = str(answer.get("token") or answer.get("access_token") or "")
    except (ValueError, AttributeError, RecursionError):
        token = ""
    if not _BEARER_TOKEN.fullmatch(token):
        raise InconclusiveError("returned no token for the login")
    return token


def _try_to_list(client: urllib3.PoolManager, host: str, authorization: str, repository: str | None) -> str | None:
    """What is wrong with the repository, or why it is not known: no reason to call a good login a bad one."""
    if repository is None:
        return None
    try:
        status = _get(client, f"https://{host}/v2/{repository}/tags/list?n=1", authorization).status
    except HTTPError as error:
        return f"whether the token may list {repository} is not known ({_name_cause(error)})"
    except InconclusiveError as odd:
        return f"whether the token may list {repository} is not known: {host} {odd}"
    if status in _REFUSALS:
        return f"the token cannot list {repository} ({status}): allow ecr:ListImages and the pull actions on it"
    if status == HTTPStatus.NOT_FOUND:
        return f"there is no repository {repository} ({status})"
    return None if status == HTTPStatus.OK else f"whether the token may list {repository} is not known ({status})"


def _is_unknown_name(error: HTTPError) -> bool:
    """Whether a resolver said that there is no such host, and not that it does not know at the moment."""
    reason = error.reason if isinstance(error, MaxRetryError) else error
    cause = reason.__cause__ if isinstance(reason, NameResolutionError) else None
    return isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME


def _name_cause(error: HTTPError) -> str:
    if time_is_up():
        return "timed out"
    return type(error.reason if isinstance(error, MaxRetryError) and error.reason else error).__name__


def _get(client: urllib3.PoolManager, url: str, authorization: str | None) -> _Answer:
    headers = {"User-Agent": "argo-ecr-auth"} | ({"Authorization": authorization} if authorization else {})
    response = client.request(
        "GET",
        url,
        headers=headers,
        timeout=_TIMEOUT,
        retries=_ONE_MORE_CONNECTION,
        redirect=False,
        preload_content=False,
    )
    try:
        body = response.read(_MAX_BODY + 1)
        if len(body) > _MAX_BODY:
            raise InconclusiveError(f"answers with more than {_MAX_BODY // 1024} KiB")
    finally:
        response.close()  # what is left of the answer, however much it is, is not read
    challenge = response.headers.get("WWW-Authenticate", "")[:_MAX_CHALLENGE]
    return _Answer(status=response.status, challenge=challenge, body=body)


def _make_http_client(url: str) -> urllib3.PoolManager:
    """A client with the environment's proxy and authorities, where it names them, as boto3 has."""
    authorities = os.environ.get("AWS_CA_BUNDLE")
    proxies = ProxyConfiguration(proxies=get_environ_proxies(url))
    proxy = proxies.proxy_url_for(url)
    if not proxy:
        return urllib3.PoolManager(ca_certs=authorities)
    return urllib3.ProxyManager(proxy, proxy_headers=proxies.proxy_headers_for(proxy), ca_certs=authorities)
