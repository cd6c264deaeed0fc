"""Lets a new schedule with a rate run its target at once, as EventBridge Scheduler does; ministack waits for a period.

EventBridge Scheduler User Guide, rate-based schedules: without a StartDate, the schedule starts invoking the target
immediately.
"""

from ministack.services import scheduler

_SWEEP_SECONDS = 1


def install() -> None:
    original, last_runs = scheduler._tick_schedules, scheduler._schedule_last_fired  # noqa: SLF001

    def run_what_is_due() -> None:
        for key, schedule in list(scheduler._schedules._data.items()):  # noqa: SLF001
            if schedule["ScheduleExpression"].startswith("rate("):
                last_runs.setdefault(key, 0)
        original()

    scheduler._tick_schedules = run_what_is_due  # noqa: SLF001
    scheduler._SCHEDULE_TICK_INTERVAL = _SWEEP_SECONDS  # noqa: SLF001
