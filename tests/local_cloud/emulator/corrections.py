"""Lets ministack do what AWS does, where it does something else."""

import re
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import scheduler
from ministack.services.cloudformation import _stacks, provisioners
from ministack.services.cloudformation.handlers import _ACTION_HANDLERS
from ministack.services.cloudformation.helpers import _error, _p

_SESSION = re.compile(r"arn:(?P<partition>[a-z-]+):sts::(?P<account>[0-9]{12}):assumed-role/(?P<role>[^/]+)/.+")
_SWEEP_SECONDS = 1


def install() -> None:
    _name_roles_of_sessions()
    _start_schedules_at_once()
    _refuse_templates_of_deleted_stacks()
    _create_alarms_on_expressions()


def _name_roles_of_sessions() -> None:
    """Let aws:PrincipalArn name the role of an assumed role; ministack gives the session's ARN.

    IAM User Guide, AWS global condition context keys: for IAM roles, the request context returns the ARN of the role.
    """
    original = iam_evaluator._resolve_condition_key  # noqa: SLF001

    def resolve(key: str, context: Any) -> Any:
        value = original(key, context)
        session = _SESSION.fullmatch(str(value)) if key.lower() == "aws:principalarn" else None
        return f"arn:{session['partition']}:iam::{session['account']}:role/{session['role']}" if session else value

    iam_evaluator._resolve_condition_key = resolve  # noqa: SLF001


def _start_schedules_at_once() -> None:
    """Let a new schedule with a rate run its target at once; ministack waits for a period.

    EventBridge Scheduler User Guide, rate-based schedules: without a StartDate, the schedule starts invoking the target
    immediately.
    """
    original, last_runs = scheduler._tick_schedules, scheduler._schedule_last_fired  # noqa: SLF001

    def run_what_is_due() -> None:
        for key, schedule in list(scheduler._schedules._data.items()):  # noqa: SLF001
            if schedule["ScheduleExpression"].startswith("rate("):
                last_runs.setdefault(key, 0)
        original()

    scheduler._tick_schedules = run_what_is_due  # noqa: SLF001
    scheduler._SCHEDULE_TICK_INTERVAL = _SWEEP_SECONDS  # noqa: SLF001


def _refuse_templates_of_deleted_stacks() -> None:
    """Refuse the template of a deleted stack if the stack is named; ministack returns it.

    API_GetTemplate and API_DescribeStacks: a deleted stack is only found by its unique id.
    """
    original = _ACTION_HANDLERS["GetTemplate"]

    def get_template(params: Any) -> Any:
        name = _p(params, "StackName")
        stack = _stacks.get(name)
        if stack is not None and stack.get("StackStatus") == "DELETE_COMPLETE":
            return _error("ValidationError", f"Stack with id {name} does not exist")
        return original(params)

    _ACTION_HANDLERS["GetTemplate"] = get_template


def _create_alarms_on_expressions() -> None:
    """Let CloudFormation create alarms on expressions: the emulator watches the first metric of the expression."""
    original = provisioners._cw_metric_alarm_record  # noqa: SLF001

    def record(name: str, properties: dict[str, Any]) -> Any:
        if "Metrics" not in properties:
            return original(name, properties)
        stat = next(metric["MetricStat"] for metric in properties["Metrics"] if "MetricStat" in metric)
        rest = {key: value for key, value in properties.items() if key != "Metrics"}
        return original(name, rest | stat["Metric"] | {"Period": stat["Period"], "Statistic": stat["Stat"]})

    provisioners._cw_metric_alarm_record = record  # noqa: SLF001
