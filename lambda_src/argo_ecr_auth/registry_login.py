"""Does a token log in? Asked as a client of the registry asks (OCI Distribution Specification, Docker's token flow)."""

import base64
import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError, MaxRetryError

from argo_ecr_auth.authorization_token import USERNAME, AuthorizationToken

_TIMEOUT = urllib3.Timeout(connect=3, read=5)
_ONE_MORE_CONNECTION = urllib3.Retry(total=1, read=0, redirect=0, status=0, other=0, backoff_factor=0.2)
_REFUSALS = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
_BEARER = re.compile(r'Bearer\s.*?realm="(?P<realm>[^"]+)"', re.IGNORECASE)
_PARAMETER = re.compile(r'(service|scope)="([^"]*)"')


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What the registry said of a token: it logs in, is refused, or None where that could not be learned; and why."""

    verified: bool | None
    doubt: str | None = None


def prove_login(
    host: str, token: AuthorizationToken, *, repository: str | None = None, http: urllib3.PoolManager | None = None
) -> Proof:
    """Log in at a registry with a token, and where a repository is named, list its tags.

    Never raises for what the registry does. No redirect is followed: the password is for this host alone.
    """
    client = http or _http_client(host)
    basic = "Basic " + base64.b64encode(f"{USERNAME}:{token.password}".encode()).decode()
    try:
        answer, authorization = _logged_in(client, host, basic)
        if answer.status in _REFUSALS:
            return Proof(verified=False, doubt=f"{host} refuses the new token ({answer.status})")
        if answer.status != HTTPStatus.OK:
            return Proof(verified=None, doubt=f"not verified: {host} answers {answer.status} to a login")
        return Proof(verified=True, doubt=_unlisted(client, host, authorization, repository))
    except HTTPError as error:
        cause = error.reason if isinstance(error, MaxRetryError) and error.reason else error
        return Proof(verified=None, doubt=f"not verified: {host} does not answer ({type(cause).__name__})")


def _logged_in(client: urllib3.PoolManager, host: str, basic: str) -> tuple[urllib3.BaseHTTPResponse, str]:
    """The registry's answer to the login, and the header that it was made with."""
    answer = _get(client, f"https://{host}/v2/", basic)
    challenge = answer.headers.get("WWW-Authenticate", "")
    bearer = _BEARER.search(challenge) if answer.status == HTTPStatus.UNAUTHORIZED else None
    # ECR Public hands out tokens of its own; to another host than the registry's the password does not go.
    if bearer is None or urlsplit(bearer["realm"])[:2] != ("https", host):
        return answer, basic
    given = _get(client, f"{bearer['realm']}?{urlencode(dict(_PARAMETER.findall(challenge)))}", basic)
    if given.status != HTTPStatus.OK:
        return given, basic
    authorization = f"Bearer {_token_in(given.data)}"
    return _get(client, f"https://{host}/v2/", authorization), authorization


def _token_in(body: bytes) -> str:
    try:
        answer = json.loads(body)
        return str(answer.get("token") or answer.get("access_token"))
    except (ValueError, AttributeError):
        return ""


def _unlisted(client: urllib3.PoolManager, host: str, authorization: str, repository: str | None) -> str | None:
    if repository is None:
        return None
    status = _get(client, f"https://{host}/v2/{repository}/tags/list?n=1", authorization).status
    if status in _REFUSALS:
        return f"the token may not list {repository} ({status}): Argo CD will not be able to pull from it"
    return f"there is no repository {repository} ({status})" if status == HTTPStatus.NOT_FOUND else None


def _get(client: urllib3.PoolManager, url: str, authorization: str) -> urllib3.BaseHTTPResponse:
    headers = {"Authorization": authorization, "User-Agent": "argo-ecr-auth"}
    return client.request("GET", url, headers=headers, timeout=_TIMEOUT, retries=_ONE_MORE_CONNECTION, redirect=False)


def _http_client(host: str) -> urllib3.PoolManager:
    """A client that goes through the environment's proxy where there is one, as boto3 does."""
    proxy = None if proxy_bypass(host) else getproxies().get("https")
    return urllib3.ProxyManager(proxy) if proxy else urllib3.PoolManager()
