"""No token, password, bearer or session credential in anything that the function says, at debug level too."""

import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

import argo_ecr_auth
from tests.integration.conftest import REGISTRY, Function, Objects, grant, settings_of
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.local_cloud.environment import CLOSED_PROXY

# As Lambda runs a handler, with every logger wide open.
_LAMBDA = """
import json, logging, sys, traceback
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
from argo_ecr_auth.handler import handler

class Context:
    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "x"
    def get_remaining_time_in_millis(self):
        return 20_000

for event in json.load(sys.stdin):
    try:
        print(json.dumps(handler(event, Context())))
    except Exception:
        traceback.print_exc()
"""


@pytest.fixture
def say(local_cloud: LocalCloud, role: str, tmp_path: Path) -> Callable[..., tuple[str, dict[str, str]]]:
    """Runs the handler in a process of its own; gives all its output, and the credentials that it ran with."""
    package = Path(argo_ecr_auth.__file__).parent
    shutil.copytree(package, tmp_path / package.name)

    def run(function: Function, events: list[object]) -> tuple[str, dict[str, str]]:
        (tmp_path / "settings.json").write_bytes(msgspec.json.encode(function.settings))
        credentials = local_cloud.assume(role)
        done = subprocess.run(
            [sys.executable, "-c", _LAMBDA],
            cwd=tmp_path,
            input=json.dumps(events),
            capture_output=True,
            text=True,
            check=True,
            env=local_cloud.environment()
            | {
                "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
                "AWS_SESSION_TOKEN": credentials["SessionToken"],
                "HTTPS_PROXY": CLOSED_PROXY,
                "NO_PROXY": "127.0.0.1",
                "POWERTOOLS_LOG_LEVEL": "DEBUG",
                "POWERTOOLS_SERVICE_NAME": "argo-ecr-auth",
                "POWERTOOLS_METRICS_NAMESPACE": "ArgoEcrAuth",
                "AWS_LAMBDA_FUNCTION_NAME": "x",
            },
        )
        return done.stdout + done.stderr, credentials

    return run


def test_nothing_that_is_said_holds_a_secret(
    cluster: Cluster,
    namespace: str,
    function_for: Callable[..., Function],
    say: Callable[..., tuple[str, dict[str, str]]],
) -> None:
    """Created, overwritten by somebody, healed, forced, and several failures: each with its planted values."""
    credentials = [{"registry": REGISTRY, "secret_name": name} for name in ("ecr-auth", "managed")]
    target = {"cluster": "demo", "namespace": namespace, "credentials": credentials}
    function = function_for(settings_of(target, {"cluster": "gone"}))
    grant(cluster.admin, function.targets[0])
    objects = Objects(admin=cluster.admin, namespace=namespace)
    planted = "planted-by-somebody"
    managed = {
        "metadata": {"name": "managed", "labels": {"reconcile.external-secrets.io/managed": "true"}},
        "stringData": {"password": "planted-in-a-refused-secret"},
    }
    assert cluster.admin.request("POST", f"/api/v1/namespaces/{namespace}/secrets", managed)[0] == 201
    secrets = [planted, "planted-in-a-refused-secret"]

    output, run_with = say(function, [{}, {"targets": ["nobody"]}])
    secrets += [objects.password, run_with["SecretAccessKey"], run_with["SessionToken"]]
    objects.patch("secrets", {"data": {"password": base64.b64encode(planted.encode()).decode()}})
    more, run_with = say(function, [{}, {"force": True}, {"dry_run": True}, {}])
    secrets += [objects.password, run_with["SecretAccessKey"], run_with["SessionToken"]]
    output += more

    assert [action for action in ("created", "repaired", "renewed", "fresh", "failed") if action not in output] == []
    told = [name for name in (*secrets, "k8s-aws-v1.", "X-Amz-Signature", "X-Amz-Security-Token") if name in output]
    encoded = [name for name in secrets if base64.b64encode(name.encode()).decode().rstrip("=") in output]
    assert (told, encoded) == ([], [])


def test_no_repr_holds_a_secret(function: Function, objects: Objects) -> None:
    function.run()
    api = function.warm.clusters["demo"]

    said = repr((function.warm, api, function.targets, function.settings))

    assert objects.password not in said
    assert str(function.sessions.credentials().token) not in said
