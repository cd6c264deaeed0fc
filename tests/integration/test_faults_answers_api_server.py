"""What a run makes of answers that no API server gives."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any

import pytest

from tests.local_cloud.cloud import Cluster
from tests.servers.answers import BODIES, make_gzip_bomb
from tests.servers.faults import drip, drip_headers, hang
from tests.servers.server import Answer, Fault, Request, Server
from tests.servers.upstream import intercept, pass_on
from tests.support.function import REGISTRY, Function, FunctionFactory, grant, make_settings
from tests.support.objects import Objects, encode_base64
from tests.support.results import assert_failed

First = Callable[[Request], Answer | Fault | None]


@pytest.fixture
def make_function_behind(cluster: Cluster, namespace: str, make_function: FunctionFactory) -> Callable[..., Any]:
    """Makes a function that reaches the real API server through a proxy, which deals with some requests itself."""

    @contextmanager
    def make(first: First, **target: Any) -> Iterator[Function]:
        with Server(intercept(pass_on(cluster.endpoint, ca_pem=cluster.ca_pem), first)) as proxy:
            address = {"endpoint": proxy.url, "certificate_authority": encode_base64(proxy.ca_pem)}
            function = make_function(make_settings({"cluster": "demo", "namespace": namespace, **address, **target}))
            grant(cluster.admin, *function.targets)
            yield function

    return make


def meet(outcome: Answer | Fault, *, method: str = "", path: str = "") -> First:
    """Requests of a method, with this in their path, have this outcome."""
    return lambda request: outcome if method in request.method and path in request.path else None


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"method": "PATCH"}, "demo"),
        ({"method": "GET"}, "responds"),
        ({"method": "GET", "path": "/configmaps/"}, "demo"),
    ],
    ids=["a write", "a read", "a missing object"],
)
def test_an_answer_counts_only_when_it_is_the_api_servers_own(
    asked: dict[str, str], words: str, body: bytes, make_function_behind: Any, objects: Objects
) -> None:
    answer = Answer(body=body, status=404 if "path" in asked else 200)
    with make_function_behind(meet(answer, **asked)) as function:
        result = function.result()

    assert_failed(result, words)
    assert "please report it" not in str(result.error)
    assert objects.get("secrets") is None


LARGE = Answer(body=BODIES["20 MB"], status=503)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (make_gzip_bomb(), ["answers with more than 8 MiB; delete the Secret", "or look for a proxy"]),
        (LARGE, ["answers with more than 8 MiB"]),
        (drip_headers(seconds=0), ["does not answer"]),
    ],
    ids=["a compressed one", "a large one that is tried again", "headers without an end"],
)
def test_an_answer_is_read_up_to_a_bound_and_named(
    outcome: Answer | Fault, words: list[str], make_function_behind: Any
) -> None:
    with make_function_behind(meet(outcome, method="GET")) as function:
        assert_failed(function.result(), *words)


def test_an_object_as_large_as_etcd_takes_it_is_read(function: Function, objects: Objects) -> None:
    """The API server writes a "<" in six characters (Go, encoding/json)."""
    annotations = {"argo-ecr-auth/take-over": "true", "x": "<" * 260_000}
    objects.create("configmaps", {"metadata": {"annotations": annotations}, "data": {"x": "<" * 1_048_000}})

    assert [function.result().error, function.result().action] == [None, "fresh"]


@pytest.mark.parametrize(
    "value",
    ["soon", "9" * 5_000, "Fri, 31 Dec 99999 23:59:59 GMT", "31 Dec 1" + "0" * 20 + " 0:0 GMT"],
    ids=["words", "digits", "a far year", "an endless year"],
)
def test_an_unreadable_retry_after_is_taken_for_none(value: str, make_function_behind: Any) -> None:
    outcomes = cycle([Answer(status=429, headers={"Retry-After": value}), None])
    with make_function_behind(lambda _: next(outcomes)) as function:
        result = function.result()

    assert (result.action, result.error) == ("created", None)


@pytest.mark.parametrize("drip_parts", [drip, drip_headers])
def test_an_api_server_that_drips_is_named_and_leaves_no_thread(
    drip_parts: Callable[..., Fault], make_function_behind: Any
) -> None:
    with make_function_behind(meet(drip_parts(seconds=0.2), method="GET")) as function:
        before = set(threading.enumerate())
        (result,) = function.run(seconds=3)
        _wait_for_pools(function, before)

    assert_failed(result, "timed out waiting for https://127.0.0.1", "demo")


def test_a_target_that_hangs_keeps_no_credential_of_another_from_its_turn(
    make_function_behind: Any, cluster: Cluster, namespace: str
) -> None:
    """Both have three times as many credentials as are done at once: some of those that hang have to wait."""
    credentials = [{"registry": REGISTRY, "secret_name": f"ecr-{i}", "verify": "off"} for i in range(48)]
    with make_function_behind(meet(hang), name="hung", credentials=credentials) as function:
        healthy = {"cluster": "demo", "namespace": namespace, "credentials": credentials}
        both = make_settings(healthy).targets + function.settings.targets
        function.settings = type(function.settings)(targets=both)
        results = function.run(seconds=30)

    assert {result.action for result in results if result.target == "demo"} == {"created"}
    errors = [str(result.error) for result in results if result.target == "hung"]
    assert [error for error in errors if "timed out" not in error and "not started within 30 s" not in error] == []


def test_no_retry_of_a_write_comes_after_the_runs_end(make_function_behind: Any, objects: Objects) -> None:
    moments: list[float] = []

    def first(request: Request) -> Answer | None:
        if request.method != "PATCH":
            return None
        moments.append(time.monotonic())
        return Answer(status=503, headers={"Retry-After": "3"})

    with make_function_behind(first) as function:
        before = set(threading.enumerate())
        (result,) = function.run(seconds=4)
        ended = time.monotonic()
        _wait_for_pools(function, before)

    assert result.action == "failed"
    assert moments
    assert [moment for moment in moments if moment > ended] == []
    assert objects.get("secrets") is None


def test_a_password_that_somebody_puts_back_between_the_two_writes_is_noticed(
    make_function_behind: Any, objects: Objects
) -> None:
    def first(request: Request) -> None:
        if request.method == "PATCH" and "/configmaps/" in request.path:
            objects.patch("secrets", {"data": {"password": encode_base64("an old one")}})

    with make_function_behind(first) as function:
        result = function.result()
        after = function.result()

    assert_failed(result, "was changed while it was written")
    assert after.action == "failed"


def test_runs_that_overlap_leave_objects_of_one_run(make_function_behind: Any, objects: Objects) -> None:
    overlapping: list[str] = []
    function: Function

    def first(request: Request) -> None:
        if request.method == "PATCH" and "/configmaps/" in request.path and not overlapping:
            overlapping.append("begun")
            overlapping.append(function.result(force=True).action)

    with make_function_behind(first) as function:
        result = function.result()
        versions = objects.versions
        after = function.result()

    assert (overlapping, result.error, after.action) == (["begun", "repaired"], None, "fresh")
    assert result.expires_at == after.expires_at
    assert objects.versions == versions


def test_whoever_is_taken_for_another_run_each_time_is_noticed(make_function_behind: Any, objects: Objects) -> None:
    def first(request: Request) -> None:
        if request.method == "PATCH" and "/configmaps/" in request.path:
            found = objects.require("secrets")
            metadata = {"name": objects.name, "labels": found["metadata"]["labels"]}
            data = found["data"] | {"password": encode_base64(f"mine, of {time.monotonic()}")}
            body = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}
            path = f"{objects.path('secrets')}?fieldManager=argo-ecr-auth&force=true"
            status, answer = objects.admin.request("PATCH", path, body, content_type="application/apply-patch+yaml")
            assert status == 200, answer

    with make_function_behind(first) as function:
        assert_failed(function.result(), "another run")


def test_a_secret_of_another_type_that_comes_between_read_and_write_is_told(
    make_function_behind: Any, objects: Objects
) -> None:
    def first(request: Request) -> None:
        if request.method == "PATCH" and "/secrets/" in request.path and objects.get("secrets") is None:
            data = {"tls.crt": "", "tls.key": ""}
            objects.create("secrets", {"type": "kubernetes.io/tls", "stringData": data})

    with make_function_behind(first) as function:
        result = function.result()

    assert_failed(result, "refused to apply the Secret", "(422)")


def test_an_expiry_that_somebody_put_into_binary_data_is_healed(function: Function, objects: Objects) -> None:
    function.run()
    objects.patch("configmaps", {"data": {"expireyTime": None}, "binaryData": {"expireyTime": "AAAA"}})

    healed, after = function.result(), function.result()

    assert (healed.action, healed.error, after.action) == ("repaired", None, "fresh")
    assert "binaryData" not in objects.require("configmaps")


def test_what_is_put_back_beside_binary_data_overwrites_no_newer_password(
    make_function_behind: Any, objects: Objects
) -> None:
    newer: list[str] = []

    def first(request: Request) -> None:
        if request.headers.get("Content-Type") == "application/merge-patch+json":
            newer.append("another run's")
            objects.patch("secrets", {"data": {"password": encode_base64(newer[0])}})

    with make_function_behind(first) as function:
        function.run()
        objects.patch("configmaps", {"data": {"name": None}, "binaryData": {"name": "AAAA"}})
        result = function.result()

    assert_failed(result, "(409): it changed since it was read")
    assert [objects.password] == newer


def _wait_for_pools(function: Function, before: set[threading.Thread]) -> None:
    """Wait until the run's threads have ended; one that is busy would not."""
    function.cache.idle_pools.clear()
    for _ in range(200):
        new = [thread for thread in threading.enumerate() if thread not in before]
        if not [thread for thread in new if thread.name.startswith("ThreadPool")]:
            return
        time.sleep(0.1)
    raise AssertionError("not within 20 s")
