"""No token, password, bearer or session credential in anything that the function says, at debug level too."""

import base64
from collections.abc import Callable

from tests.integration.conftest import REGISTRY, Function, Objects, grant, settings_of
from tests.local_cloud.cloud import Cluster


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
