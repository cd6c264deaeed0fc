"""The bearer token, judged by the rules of EKS's own verifier (aws-iam-authenticator, pkg/token/token.go)."""

import base64
import hashlib
import hmac
import string
from datetime import UTC, datetime, timedelta
from urllib.parse import SplitResult, parse_qs, parse_qsl, quote, urlsplit

import pytest
from botocore.credentials import ReadOnlyCredentials

from argo_ecr_auth.aws.eks_token import Bearer, renew_bearer, sign_bearer_token

PREFIX = "k8s-aws-v1."
SECRET_KEY = "planted-secret-key"
# A role's session token: long, and of characters that a query must escape.
SESSION_TOKEN = "IQoJ+/=" * 200
ALLOWED_KEYS = {
    *("Action", "Version", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires"),
    *("X-Amz-SignedHeaders", "X-Amz-Security-Token", "X-Amz-Signature"),
}


def _token(*, session_token: str | None = SESSION_TOKEN, cluster: str = "demo", region: str = "eu-west-1") -> str:
    credentials = ReadOnlyCredentials("AKIDEXAMPLE", SECRET_KEY, session_token)
    return sign_bearer_token(credentials=credentials, cluster=cluster, region=region)


def _url(token: str) -> SplitResult:
    encoded = token.removeprefix(PREFIX)
    return urlsplit(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode())


def _query(token: str) -> dict[str, str]:
    return dict(parse_qsl(_url(token).query, strict_parsing=True))


def _signature(url: SplitResult, *, cluster: str) -> str:
    """What STS computes of the URL and the header that the verifier adds, with the secret key that it knows."""
    query = dict(parse_qsl(url.query))
    signed = "&".join(
        f"{quote(key, safe='-_.~')}={quote(value, safe='-_.~')}"
        for key, value in sorted(query.items())
        if key != "X-Amz-Signature"
    )
    headers = f"host:{url.netloc}\nx-k8s-aws-id:{cluster}\n"
    empty = hashlib.sha256(b"").hexdigest()
    request = f"GET\n/\n{signed}\n{headers}\nhost;x-k8s-aws-id\n{empty}"
    scope = query["X-Amz-Credential"].partition("/")[2]
    text = f"AWS4-HMAC-SHA256\n{query['X-Amz-Date']}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{SECRET_KEY}".encode()
    for part in (*scope.split("/"), text):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


def test_a_token_is_the_prefix_and_url_safe_base64_without_padding_and_no_longer_than_the_verifier_reads() -> None:
    token = _token()
    assert token.startswith(PREFIX)
    assert set(token.removeprefix(PREFIX)) <= set(string.ascii_letters + string.digits + "-_")
    assert len(token) <= 4096


def test_the_url_is_https_to_the_regional_host_without_port_path_or_fragment() -> None:
    url = _url(_token(region="cn-north-1"))
    assert (url.scheme, url.netloc, url.path, url.fragment) == ("https", "sts.cn-north-1.amazonaws.com.cn", "/", "")


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS"])
def test_an_endpoint_of_the_environment_is_not_signed_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:4566")
    assert _url(_token()).netloc == "sts.eu-west-1.amazonaws.com"


def test_the_query_has_the_allowed_keys_and_none_twice() -> None:
    query = parse_qs(_url(_token()).query, strict_parsing=True)
    assert {key: len(values) for key, values in query.items()} == dict.fromkeys(ALLOWED_KEYS, 1)


def test_the_query_asks_who_the_caller_is() -> None:
    assert _query(_token()).items() >= {
        ("Action", "GetCallerIdentity"),
        ("Version", "2011-06-15"),
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
        ("X-Amz-Security-Token", SESSION_TOKEN),
        ("X-Amz-SignedHeaders", "host;x-k8s-aws-id"),
    }


def test_the_signature_is_valid_as_long_as_the_token_is_used_and_no_longer_than_the_verifier_allows() -> None:
    valid = int(_query(_token())["X-Amz-Expires"])
    kept = _renew(None)
    assert _renew(kept, now=SIGNED_AT + valid) is not kept
    assert 0 < valid <= 900


def test_the_date_is_now() -> None:
    signed = datetime.strptime(_query(_token())["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - signed) < timedelta(minutes=1)


def test_the_credential_is_of_the_region_and_of_sts() -> None:
    access_key, _date, *scope = _query(_token(region="us-east-1"))["X-Amz-Credential"].split("/")
    assert (access_key, scope) == ("AKIDEXAMPLE", ["us-east-1", "sts", "aws4_request"])


def test_credentials_without_a_session_have_no_session_token_in_the_query() -> None:
    assert "X-Amz-Security-Token" not in _query(_token(session_token=None))


@pytest.mark.parametrize("session_token", [SESSION_TOKEN, None], ids=["role", "user"])
def test_the_signature_is_good_for_the_cluster_of_this_name_alone(session_token: str | None) -> None:
    url = _url(_token(session_token=session_token))
    signature = dict(parse_qsl(url.query))["X-Amz-Signature"]
    assert _signature(url, cluster="demo") == signature
    assert _signature(url, cluster="other") != signature


def test_the_secret_key_is_not_in_it() -> None:
    assert SECRET_KEY not in _url(_token()).geturl()


SIGNED_AT = 1_000_000.0


def _renew(kept: Bearer | None, *, now: float = SIGNED_AT, key: str = "AKIDEXAMPLE", cluster: str = "demo") -> Bearer:
    credentials = ReadOnlyCredentials(key, SECRET_KEY, SESSION_TOKEN)
    return renew_bearer(kept, credentials=credentials, cluster=cluster, region="eu-west-1", now=now)


@pytest.fixture
def kept() -> Bearer:
    """For another cluster: two that are signed in one second for one cluster would be equal."""
    return _renew(None, cluster="another")


@pytest.mark.parametrize("passed", [0, 599])
def test_a_token_serves_for_ten_minutes(kept: Bearer, passed: float) -> None:
    assert _renew(kept, now=SIGNED_AT + passed) is kept


@pytest.mark.parametrize("passed", [600, 100_000, -1])
def test_an_older_token_is_signed_again_and_so_is_one_of_the_future(kept: Bearer, passed: float) -> None:
    renewed = _renew(kept, now=SIGNED_AT + passed)
    assert renewed.token != kept.token
    assert renewed.signed_at == SIGNED_AT + passed


def test_renewed_credentials_sign_again(kept: Bearer) -> None:
    assert _renew(kept, key="AKIDOTHER").token != kept.token


def test_what_is_kept_is_in_no_repr(kept: Bearer) -> None:
    assert kept.token not in repr(kept)
