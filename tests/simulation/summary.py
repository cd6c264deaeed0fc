"""What happened in simulated weeks, in figures."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from tests.simulation.invariants import Run


@dataclass(kw_only=True)
class Summary:
    """What happened."""

    histories: int = 0
    runs: int = 0
    time: timedelta = timedelta(0)
    unserved: timedelta = timedelta(0)  # of all credentials together
    events: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)  # by service
    calls: int = 0
    writes: int = 0

    def count_run(self, run: Run) -> None:
        self.runs += run.runs
        self.actions.update(result.action for result in run.results)
        for hit, count in run.hits.items():
            self.hits[hit.partition(":")[0]] += count
        self.calls += run.calls.total()
        self.writes += run.writes.total()


def describe(summary: Summary) -> list[str]:
    """What happened, a line for each figure."""
    figures = {
        "simulated time": f"{summary.time.total_seconds() / 86400:.1f} days, {summary.histories} histories",
        "runs": summary.runs,
        "events": summary.events.total(),
        "requests that met a fault": ", ".join(f"{count} of {name}" for name, count in sorted(summary.hits.items())),
        "results": ", ".join(f"{count} {action}" for action, count in summary.actions.most_common()),
        "calls of ECR": summary.calls,
        "writes": summary.writes,
        "without a valid token": f"{summary.unserved.total_seconds():.0f} s, of all credentials together",
        "": "each second of them after an edit or an outage that explains it",
    }
    events = [f"  {count:5} {name}" for name, count in sorted(summary.events.items())]
    return [f"{name:28}{value}" for name, value in figures.items()] + ["events by kind"] + events
