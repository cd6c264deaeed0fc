"""Does a token log in? Asked as a client of the registry asks (OCI Distribution Specification, Docker's token flow)."""

import base64
import json
import os
import re
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlencode

import urllib3
from botocore.httpsession import ProxyConfiguration
from botocore.utils import get_environ_proxies
from urllib3.exceptions import HTTPError, MaxRetryError

from argo_ecr_auth.core.authorization_token import USERNAME, AuthorizationToken
from argo_ecr_auth.core.registry import PUBLIC_HOSTS

_TIMEOUT = urllib3.Timeout(connect=3, read=5)
_ONE_MORE_CONNECTION = urllib3.Retry(
    total=1, read=0, redirect=0, status=0, other=0, backoff_factor=0.2, respect_retry_after_header=False
)
_REFUSALS = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
_BEARER = re.compile(r'Bearer\s.*?realm="(?P<realm>[^"]+)"', re.IGNORECASE)
_PARAMETER = re.compile(r'(service|scope)="([^"]*)"')
_BEARER_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, 2.1


class InconclusiveError(Exception):
    """The answers say neither that the token is right nor that it is wrong; the message is what they do say."""


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What the registry said of a token: it logs in, is refused, or None where that could not be learned; and why."""

    verified: bool | None
    doubt: str | None = None


def verify_login(
    host: str, token: AuthorizationToken, *, repository: str | None = None, http: urllib3.PoolManager | None = None
) -> Verification:
    """Log in at a registry with a token, and where a repository is named, list its tags.

    Never raises for what the registry does. No redirect is followed: the password is for this host alone.
    """
    basic = "Basic " + base64.b64encode(f"{USERNAME}:{token.password}".encode()).decode()
    try:
        client = http or _http_client(f"https://{host}/")
        answer, authorization = _logged_in(client, host, basic)
    except HTTPError as error:
        return Verification(verified=None, doubt=f"not verified: {host} does not answer ({_cause(error)})")
    except InconclusiveError as odd:
        return Verification(verified=None, doubt=f"not verified: {host} {odd}")
    if answer.status in _REFUSALS:
        return Verification(verified=False, doubt=f"{host} refuses the new token ({answer.status})")
    if answer.status != HTTPStatus.OK:
        return Verification(verified=None, doubt=f"not verified: {host} answers {answer.status} to a login")
    return Verification(verified=True, doubt=_unlisted(client, host, authorization, repository))


def _logged_in(client: urllib3.PoolManager, host: str, basic: str) -> tuple[urllib3.BaseHTTPResponse, str]:
    """The registry's answer to the login, and the header that it was made with."""
    # ECR takes the password at once; ECR Public is asked as its documented clients ask, without one at first.
    first = None if host in PUBLIC_HOSTS else basic
    answer = _get(client, f"https://{host}/v2/", first)
    challenge = answer.headers.get("WWW-Authenticate", "")
    bearer = _BEARER.search(challenge) if answer.status == HTTPStatus.UNAUTHORIZED else None
    if bearer is None and first is None and answer.status in _REFUSALS:
        raise InconclusiveError(f"answers {answer.status} without saying how to log in")
    if bearer is None:
        return answer, basic
    # It hands out tokens of its own; to another host than the registry's the password does not go.
    own = PUBLIC_HOSTS if host in PUBLIC_HOSTS else (host,)
    if not f"{bearer['realm']}/".startswith(tuple(f"https://{one}/" for one in own)):
        raise InconclusiveError("sends logins to another host, which is not given the password")
    given = _get(client, f"{bearer['realm']}?{urlencode(dict(_PARAMETER.findall(challenge)))}", basic)
    if given.status != HTTPStatus.OK:
        return given, basic
    authorization = f"Bearer {_token_in(given.data)}"
    return _get(client, f"https://{host}/v2/", authorization), authorization


def _token_in(body: bytes) -> str:
    try:
        answer = json.loads(body)
        token = str(answer.get("token") or answer.get("access_token") or "")
    except (ValueError, AttributeError, RecursionError):
        token = ""
    if not _BEARER_TOKEN.fullmatch(token):
        raise InconclusiveError("answers a login without a token")
    return token


def _unlisted(client: urllib3.PoolManager, host: str, authorization: str, repository: str | None) -> str | None:
    """What is amiss with the repository, or was not learned of it: nothing that makes a good login a bad one."""
    if repository is None:
        return None
    try:
        status = _get(client, f"https://{host}/v2/{repository}/tags/list?n=1", authorization).status
    except HTTPError as error:
        return f"whether the token may list {repository} is not known ({_cause(error)})"
    if status in _REFUSALS:
        return f"the token may not list {repository} ({status}): Argo CD will not be able to pull from it"
    if status == HTTPStatus.NOT_FOUND:
        return f"there is no repository {repository} ({status})"
    return None if status == HTTPStatus.OK else f"whether the token may list {repository} is not known ({status})"


def _cause(error: HTTPError) -> str:
    return type(error.reason if isinstance(error, MaxRetryError) and error.reason else error).__name__


def _get(client: urllib3.PoolManager, url: str, authorization: str | None) -> urllib3.BaseHTTPResponse:
    headers = {"User-Agent": "argo-ecr-auth"} | ({"Authorization": authorization} if authorization else {})
    return client.request("GET", url, headers=headers, timeout=_TIMEOUT, retries=_ONE_MORE_CONNECTION, redirect=False)


def _http_client(url: str) -> urllib3.PoolManager:
    """A client with the environment's proxy and authorities, where it names them, as boto3 has."""
    authorities = os.environ.get("AWS_CA_BUNDLE")
    proxies = ProxyConfiguration(proxies=get_environ_proxies(url))
    proxy = proxies.proxy_url_for(url)
    if not proxy:
        return urllib3.PoolManager(ca_certs=authorities)
    return urllib3.ProxyManager(proxy, proxy_headers=proxies.proxy_headers_for(proxy), ca_certs=authorities)
