"""The Lambda function's entry point: an event in; a run; results, log lines and metrics out."""

import json
import logging
import os
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from argo_ecr_auth.api_server.warm_cache import WarmCache
from argo_ecr_auth.aws.sessions import Sessions
from argo_ecr_auth.core.events import parse_event, select_targets
from argo_ecr_auth.core.results import Result, metric_values
from argo_ecr_auth.core.targets import TARGETS_FILE, Configuration, load_configuration
from argo_ecr_auth.credential import RunOptions
from argo_ecr_auth.deadlines import install_time_limits
from argo_ecr_auth.run import run_targets

ROLE_ID = "ROLE_ID"
"""The environment variable with the unique id of the function's role: a recreated role has the same name."""
PER_TARGET_METRICS = "PER_TARGET_METRICS"
"""The environment variable that adds metrics for each target; each metric costs money each month."""
_SECONDS_TO_REPORT = 5  # left of the function's timeout when a run ends

# In ASCII: what an API server wrote may hold half a character, which standard output refuses with the whole line.
logger = Logger(json_serializer=partial(json.dumps, default=str, separators=(",", ":")))
metrics = Metrics()


class SyncFailed(Exception):  # noqa: N818 - Lambda shows the name as the error's type
    """At least one credential is not as it should be; the message is the whole result, as JSON."""


def handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Keep the credentials of the event's targets fresh.

    Returns `{"results": [...]}`. Raises EventError for an event that it does not take, and SyncFailed if a
    credential failed, so that Lambda's own metrics and alarms see it. Its message holds the results, except for a
    scheduled run: Lambda logs the message, and there each result has a log line already.
    """
    quieten_libraries()
    configuration, cache = _prepare_environment()
    request = parse_event(event)
    targets = select_targets(configuration.targets, request)
    options = RunOptions(
        renew_before=configuration.renew_before,
        seconds=max(1.0, context.get_remaining_time_in_millis() / 1000 - _SECONDS_TO_REPORT),
        dry_run=request.dry_run,
        force=request.force,
    )
    results = run_targets(targets, options=options, cache=cache, now=lambda: datetime.now(UTC))
    _report(results)
    answer = {"results": [result.as_dict() for result in results]}
    if failed := sum(result.failed for result in results):
        summary = f"{failed} of {len(results)} credentials failed: their log lines say why"
        raise SyncFailed(summary if request.scheduled else json.dumps(answer))
    return answer


def quieten_libraries() -> None:
    """Keep the libraries' debug lines out, whatever the log level: they print tokens, bodies and signed headers."""
    levels = dict.fromkeys(("boto3", "botocore", "kubernetes", "urllib3"), logging.INFO)
    # Its warning about a role that cannot be assumed has a traceback, which may quote the signed request.
    levels["botocore.credentials"] = logging.CRITICAL
    for name, level in levels.items():
        library = logging.getLogger(name)
        if library.level != level:  # to set it empties the caches of all loggers
            library.setLevel(level)


@cache
def _prepare_environment() -> tuple[Configuration, WarmCache]:
    """The targets, and what is kept warm: by the first run of an environment."""
    install_time_limits()
    region = os.environ["AWS_REGION"]
    text = (Path(__file__).parents[1] / TARGETS_FILE).read_bytes()
    configuration = load_configuration(text, region=region, function_role_id=os.environ.get(ROLE_ID))
    return configuration, WarmCache(sessions=Sessions(region=region))


def _report(results: tuple[Result, ...]) -> None:
    for result in results:
        log = logger.error if result.failed else logger.warning if result.doubtful else logger.info
        log(result.action, extra=result.as_dict())
    _emit(metrics, results)
    if os.environ.get(PER_TARGET_METRICS) == "true":
        for name in dict.fromkeys(result.target for result in results):
            per_target = EphemeralMetrics()
            per_target.add_dimension(name="target", value=name)
            _emit(per_target, tuple(result for result in results if result.target == name))


def _emit(metrics: Metrics | EphemeralMetrics, results: tuple[Result, ...]) -> None:
    for name, value in metric_values(results).items():
        unit = MetricUnit.Seconds if name == "SecondsToExpiry" else MetricUnit.Count
        metrics.add_metric(name=name, unit=unit, value=value)
    metrics.flush_metrics()
