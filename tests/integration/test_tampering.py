"""Keys that redirect or weaken Argo CD's connection, added to our Secret by somebody else, are removed and reported."""

import json
from dataclasses import replace

import pytest

from argo_ecr_auth.core.results import metric_values
from tests.local_cloud.cloud import Cluster
from tests.support.function import REGISTRY, Function, FunctionFactory, make_settings
from tests.support.objects import Objects, encode_base64

REDIRECTED = {"proxy": encode_base64("http://attacker:3128"), "insecure": encode_base64("true")}


def _data(objects: Objects) -> dict[str, str]:
    return dict(objects.require("secrets")["data"])


@pytest.mark.parametrize("kind", ["repository", "argo-cd", "repo-creds"])
def test_added_keys_are_removed_from_every_secret_for_argo_cd_and_reported(
    kind: str, make_function_with: FunctionFactory, objects: Objects
) -> None:
    function = make_function_with({"registry": REGISTRY, "kind": kind})
    function.run()
    password = objects.password
    all_objects = [replace(objects, name=credential.secret_name) for credential in function.targets[0].credentials]
    for found in all_objects:
        found.patch("secrets", {"data": REDIRECTED})

    results = function.run()

    assert not [found.name for found in all_objects if REDIRECTED.keys() & _data(found).keys()]
    assert {result.action for result in results} == {"repaired"}
    assert "somebody added insecure to the Secret" in str(results[0].reason)
    assert "somebody added proxy to the Secret" in str(results[0].reason)
    assert metric_values(results)["Tampered"] == len(all_objects)
    assert objects.password == password
    assert {result.action for result in function.run()} == {"fresh"}


def test_a_renewal_removes_them_before_the_new_token_is_written(
    cluster: Cluster, function: Function, objects: Objects
) -> None:
    """Otherwise Argo CD would send the new token through the attacker's proxy for a moment."""
    function.run()
    objects.patch("secrets", {"data": REDIRECTED})
    version = objects.require("secrets")["metadata"]["resourceVersion"]

    function.run(force=True)

    before, *_, after = states = _list_states(objects, since=version)
    assert after["password"] != before["password"]
    assert [state for state in states if state["password"] == after["password"] and REDIRECTED.keys() & state] == []


def _list_states(objects: Objects, *, since: str) -> list[dict[str, str]]:
    """The data of the Secret after each of its writes."""
    secrets = objects.path("secrets").rpartition("/")[0]
    _, answer = objects.admin.request("GET", f"{secrets}?watch=true&timeoutSeconds=1&resourceVersion={since}")
    return [json.loads(line)["object"]["data"] for line in str(answer).splitlines()]


def test_a_key_that_another_field_manager_owns_with_us_is_removed(function: Function, objects: Objects) -> None:
    """As when the original tool wrote the same name, and the settings no longer have one."""
    function.run()
    written = _data(objects)
    objects.patch("secrets", {"data": {"name": encode_base64("theirs")}})
    objects.patch("secrets", {"data": {"name": written["name"]}})
    function.settings = make_settings(
        {"cluster": "demo", "namespace": objects.namespace, "credentials": [{"registry": REGISTRY}]}
    )

    assert function.result().action == "repaired"
    assert "name" not in _data(objects)


def test_a_proxy_of_the_settings_is_written(make_function_with: FunctionFactory, objects: Objects) -> None:
    function = make_function_with({"registry": REGISTRY, "proxy": "http://proxy:3128", "no_proxy": "localhost"})

    assert function.result().action == "created"
    assert function.result().action == "fresh"
    assert _data(objects)["proxy"] == encode_base64("http://proxy:3128")
    assert _data(objects)["noProxy"] == encode_base64("localhost")
