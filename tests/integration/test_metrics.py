"""What a run writes to its log: metrics in CloudWatch's Embedded Metric Format, and a line for each credential."""

import json
from typing import Any

from tests.servers.server import Server, answer_json
from tests.support.function import REGISTRY, FunctionFactory, make_settings
from tests.support.handler_process import RunHandler
from tests.support.objects import encode_base64


def emitted(output: str) -> list[tuple[list[str], dict[str, Any]]]:
    """Of each line of metrics its dimensions, and what it says."""
    lines = [json.loads(line) for line in output.splitlines() if line.startswith('{"_aws"')]
    return [(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0], line) for line in lines]


def test_a_run_emits_the_installations_metrics_and_each_targets_where_they_are_asked_for(
    make_function_with: FunctionFactory, run_handler: RunHandler
) -> None:
    function = make_function_with({"registry": REGISTRY}, others=[{"cluster": "gone"}])

    output, _ = run_handler(function, [{}], PER_TARGET_METRICS="true")

    (of_installation,) = [line for dimensions, line in emitted(output) if dimensions == ["service"]]
    assert of_installation["service"] == "argo-ecr-auth"
    figures = {name: of_installation[name] for name in ("ChecksCompleted", "Failures", "Renewed", "Repaired")}
    assert figures == {"ChecksCompleted": [1.0], "Failures": [1.0], "Renewed": [1.0], "Repaired": [0.0]}
    of_targets = {line["target"]: line["Failures"] for dimensions, line in emitted(output) if "target" in dimensions}
    assert of_targets == {"demo": [0.0], "gone": [1.0]}


def test_a_scheduled_run_that_fails_says_why_once(make_function: FunctionFactory, run_handler: RunHandler) -> None:
    function = make_function(make_settings({"cluster": "gone"}))

    scheduled, _ = run_handler(function, [{"targets": ["gone"], "scheduled": True}])
    by_hand, _ = run_handler(function, [{"targets": ["gone"]}])

    assert scheduled.count("there is no EKS cluster gone") == 1
    assert "SyncFailed: 1 of 1 credentials failed" in scheduled
    assert by_hand.count("there is no EKS cluster gone") == 2


def test_half_a_character_of_an_api_server_is_escaped_in_the_log_line(
    make_function: FunctionFactory, run_handler: RunHandler
) -> None:
    metadata = {"namespace": "argocd", "name": "ecr-auth", "ownerReferences": [{"kind": "\ud800", "name": "x"}]}
    with Server(lambda _: answer_json({"metadata": metadata})) as server:
        address = {"endpoint": server.url, "certificate_authority": encode_base64(server.ca_pem)}
        output, _ = run_handler(make_function(make_settings({"cluster": "odd", **address})), [{}])

    (line,) = [line for line in output.splitlines() if '"message":"failed"' in line]
    assert "belongs to \\ud800 x" in line
    assert json.loads(line)["target"] == "odd"
