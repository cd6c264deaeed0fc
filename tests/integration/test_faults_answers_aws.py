"""What a run makes of answers that no API of AWS gives."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from argo_ecr_auth.api_server.warm_cache import WarmCache
from argo_ecr_auth.aws.sessions import Sessions
from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.targets import Role
from tests.local_cloud.cloud import Cluster
from tests.local_cloud.environment import REGION
from tests.servers.answers import BODIES
from tests.servers.faults import drip
from tests.servers.server import Answer, Fault, Server, answer_json
from tests.support.function import Function, FunctionFactory, make_settings
from tests.support.objects import Objects, encode_base64
from tests.support.results import assert_failed

_NAMES = ("nothing", "HTML", "garbage", "an empty object", "objects in objects", "20 MB")
EACH_BODY = pytest.mark.parametrize("body", [BODIES[name] for name in _NAMES], ids=_NAMES)
LABEL = "argocd.argoproj.io/secret-type"


@pytest.fixture
def redirect_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Any]:
    """Lets requests to a service of AWS have these outcomes, and all others the last."""

    @contextmanager
    def redirect(service: str, *outcomes: Answer | Fault) -> Iterator[None]:
        with Server(lambda _: outcomes[min(len(server.requests), len(outcomes)) - 1]) as server:
            (tmp_path / "ca.pem").write_text(server.ca_pem)
            monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "ca.pem"))
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", server.url)
            yield

    return redirect


@EACH_BODY
def test_an_answer_that_is_not_ecrs_is_named_as_that_and_drift_is_put_back(
    body: bytes, function: Function, objects: Objects, redirect_aws: Callable[..., Any]
) -> None:
    function.run()
    objects.patch("secrets", {"metadata": {"labels": {LABEL: None}}})
    before = objects.password

    with redirect_aws("ECR", Answer(body=body)):
        function.cache = WarmCache(sessions=Sessions(region=REGION))
        result = function.result(force=True)

    assert_failed(result, "cannot get an authorization token from ECR in us-east-1")
    assert "please report it" not in str(result.error)
    assert objects.require("secrets")["metadata"]["labels"] == {LABEL: "repository"}
    assert objects.password == before


@pytest.mark.parametrize("expires_at", [1e300, float("nan"), "9999-12-31T23:59:59-23:00", [], "soon", -1])
def test_an_expiry_that_cannot_be_one_is_named_as_ecrs(
    expires_at: object, function: Function, objects: Objects, redirect_aws: Callable[..., Any]
) -> None:
    token = {"authorizationToken": encode_base64("AWS:x"), "expiresAt": expires_at}
    with redirect_aws("ECR", answer_json({"authorizationData": [token]})):
        result = function.result()

    doing = "use" if expires_at == -1 else "get"  # the last one is a time
    assert_failed(result, f"cannot {doing} an authorization token from ECR in us-east-1")
    assert objects.get("secrets") is None


@EACH_BODY
def test_an_answer_that_is_not_ekss_is_named_as_that(
    body: bytes, function: Function, redirect_aws: Callable[..., Any]
) -> None:
    with redirect_aws("EKS", Answer(body=body)):
        result = function.result()

    assert_failed(result, "cannot find the API server of the EKS cluster demo in us-east-1")
    assert "please report it" not in str(result.error)


@pytest.mark.parametrize("status", [200, 403, 502])
@EACH_BODY
def test_an_answer_that_is_not_stss_is_named_as_that(
    body: bytes, status: int, cluster: Cluster, make_function: FunctionFactory, redirect_aws: Callable[..., Any]
) -> None:
    role_arn = "arn:aws:iam::000000000000:role/reader"
    function = make_function(make_settings({"cluster": "demo", "role_arn": role_arn}))
    with redirect_aws("STS", Answer(body=body, status=status)):
        result = function.result()

    assert "cannot assume" in str(result.error)
    assert "please report it" not in str(result.error)


def test_an_answer_of_sts_without_credentials_is_not_remembered(
    make_function: FunctionFactory, redirect_aws: Callable[..., Any]
) -> None:
    reader = Role(arn="arn:aws:iam::000000000000:role/reader")
    sessions = make_function(make_settings({"cluster": "demo"})).sessions
    empty = Answer(body=b"<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>")

    with redirect_aws("STS", empty, _make_sts_answer()):
        with pytest.raises(SyncError, match="cannot assume the role"):
            sessions.as_role(reader).credentials()
        credentials = sessions.as_role(reader).credentials()

    assert credentials.access_key == "ASIAEXAMPLE"


def _make_sts_answer() -> Answer:
    expiration = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = (
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId>"
        f"<SecretAccessKey>x</SecretAccessKey><SessionToken>x</SessionToken><Expiration>{expiration}</Expiration>"
        "</Credentials></AssumeRoleResult></AssumeRoleResponse>"
    )
    return Answer(body=body.encode())


@pytest.mark.parametrize(
    ("service", "doing"),
    [
        ("ECR", "get an authorization token from ECR in us-east-1"),
        ("EKS", "find the API server of the EKS cluster demo"),
    ],
)
def test_a_service_of_aws_that_drips_is_named_within_the_runs_time(
    service: str, doing: str, function: Function, redirect_aws: Callable[..., Any]
) -> None:
    with redirect_aws(service, drip(seconds=0.2)):
        (result,) = function.run(seconds=4)

    assert_failed(result, f"cannot {doing}", "timed out")
