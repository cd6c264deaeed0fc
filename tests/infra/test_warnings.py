"""The warnings of the synth, and what it says about prices."""

import json
from datetime import date, timedelta
from importlib import resources
from typing import Any

import pytest

from argo_ecr_auth_settings.runtimes import CREATE_BLOCKS, RUNTIMES, find_runtime_warning
from argo_ecr_auth_settings.validation import validate_settings
from argo_ecr_auth_settings.warnings import describe_price_of_metrics, find_warnings
from tests.infra.synthesis import ACCOUNT, REGION, REGISTRY, make_content, make_stack

NAMED = {"registry": REGISTRY, "name": "ecr"}
OCI = {"registry": REGISTRY, "secret_name": "oci", "type": "oci"}


@pytest.mark.parametrize("key", ["account", "region"])
def test_targets_that_may_be_one_cluster_are_warned_of_until_the_function_is_located(key: str) -> None:
    own = {"account": ACCOUNT, "region": REGION}
    content = make_content(targets=[{"cluster": "demo"}, {"cluster": "demo", "name": "other", key: own[key]}])
    settings = validate_settings(content)
    elsewhere = {"account": "999999999999", "region": "eu-north-1"}

    (warning,) = find_warnings(settings)
    assert warning.startswith("targets[1]: is the cluster of targets[0], whose Secret it writes, if")
    assert find_warnings(settings, **elsewhere) == ()


def _find_warnings(*credentials: dict[str, Any]) -> tuple[str, ...]:
    return find_warnings(validate_settings(make_content(credentials=list(credentials))))


@pytest.mark.parametrize(
    "credential",
    [
        {"registry": REGISTRY, "kind": "argo-cd"},
        {"registry": REGISTRY},
        {"registry": REGISTRY, "kind": "repo-creds"},
        {"registry": REGISTRY, "kind": "repo-creds", "type": "oci"},
        {"registry": REGISTRY, "kind": "pull-secret"},
    ],
)
def test_what_keeps_the_token_at_its_registry_is_not_warned_about(credential: dict[str, Any]) -> None:
    assert _find_warnings(credential) == ()


@pytest.mark.parametrize(
    ("credential", "what"), [(NAMED, "a repository with a name"), (OCI, "a repository of type oci")]
)
def test_what_lets_the_token_leave_is_warned_about_with_the_safe_setting(credential: dict[str, Any], what: str) -> None:
    (warning,) = _find_warnings(credential)
    assert warning.startswith(f"credentials[0]: {what}: Argo CD also sends its token to hosts that only look like")
    assert "use kind: argo-cd for the registry instead" in warning


def test_many_credentials_are_warned_about_once() -> None:
    credentials = [{**NAMED, "secret_name": f"ecr-{i}"} for i in range(7)]
    (warning,) = _find_warnings(*credentials)
    assert "credentials[4] and 2 more: " in warning


def test_the_synth_prints_the_warnings_and_the_price_of_the_targets_metrics() -> None:
    targets = [{"cluster": f"c{number}"} for number in range(40)]
    stack = make_stack(make_content(targets=targets, credentials=[NAMED, OCI], per_target_metrics=True))
    entries = [entry for construct in stack.node.find_all() for entry in construct.node.metadata]
    warnings = [str(entry.data) for entry in entries if entry.type == "aws:cdk:warning"]
    assert len([warning for warning in warnings if "use kind: argo-cd for the registry instead" in warning]) == 2
    (price,) = (str(entry.data) for entry in entries if entry.type == "aws:cdk:info")
    assert price.startswith("per_target_metrics: 5 metrics for each of 40 targets cost about 60 USD a month; see ")


def test_the_dates_of_the_runtimes_are_those_of_cfn_lint() -> None:
    lifecycle = resources.files("cfnlint") / "data/AdditionalSpecs/LmbdRuntimeLifecycle.json"
    dates = json.loads(lifecycle.read_text())
    assert {name: day.isoformat() for name, day in CREATE_BLOCKS.items()} == {
        runtime: dates[runtime]["create-block"] for runtime in RUNTIMES
    }


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_runtime_is_warned_about_in_the_last_180_days_before_lambda_refuses_it(runtime: str) -> None:
    last = CREATE_BLOCKS[runtime]
    assert find_runtime_warning(runtime, today=last - timedelta(days=181)) is None
    soon = find_runtime_warning(runtime, today=last - timedelta(days=180))
    assert soon is not None
    assert soon.startswith(f"runtime: from {last} Lambda accepts no new functions with {runtime}")
    assert find_runtime_warning(runtime, today=last + timedelta(days=400)) == soon


def test_a_runtime_that_lambda_does_not_have_is_not_warned_about() -> None:
    assert find_runtime_warning("python3.10", today=date(2100, 1, 1)) is None


def test_a_warning_of_the_oldest_runtime_names_the_newest() -> None:
    warning = find_runtime_warning(RUNTIMES[0], today=date(2100, 1, 1))
    assert warning is not None
    assert f"make setup PYTHON={RUNTIMES[-1]}" in warning


def test_the_price_of_metrics_falls_with_their_number() -> None:
    targets = [{"cluster": f"c{number}"} for number in range(4_000)]
    price = describe_price_of_metrics(validate_settings(make_content(targets=targets, per_target_metrics=True)))
    assert price is not None
    assert "about 4,000 USD a month" in price
    assert describe_price_of_metrics(validate_settings(make_content(targets=targets))) is None
