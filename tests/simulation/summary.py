"""What happened in simulated weeks, in figures."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

SERVICES = ("API server", "ECR", "EKS", "STS", "registry")


@dataclass(kw_only=True)
class Summary:
    """What happened."""

    runs: int = 0
    actions: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    ecr_calls: int = 0
    writes: int = 0
    time: timedelta = timedelta(0)
    unserved: timedelta = timedelta(0)  # of all credentials together
    histories: int = 0
    broken_once: int = 0  # histories that broke an invariant, and not when they were played again

    def add(self, other: "Summary") -> None:
        self.runs += other.runs
        self.actions += other.actions
        self.events += other.events
        self.hits += other.hits
        self.ecr_calls += other.ecr_calls
        self.writes += other.writes
        self.time += other.time
        self.unserved += other.unserved
        self.histories += other.histories
        self.broken_once += other.broken_once


def describe(summary: Summary) -> list[str]:
    """What happened, a line for each figure."""
    faults = sum(count for name, count in summary.events.items() if name.startswith(SERVICES))
    figures = {
        "simulated time": f"{summary.time.total_seconds() / 86400:.1f} days, {summary.histories} histories",
        "runs": summary.runs,
        "events": f"{summary.events.total()}, {faults} of them faults of services",
        "requests that met a fault": summary.hits.total(),
        **{f"  of {service}": count for service, count in _count_by_service(summary).items()},
        "results": ", ".join(f"{count} {action}" for action, count in summary.actions.most_common()),
        "calls of ECR": summary.ecr_calls,
        "writes": summary.writes,
        "without a valid token": f"{summary.unserved.total_seconds():.0f} s, of all credentials together",
        "": "each second of them after an edit or an outage that explains it",
        **({"broken once": f"{summary.broken_once} histories, not again"} if summary.broken_once else {}),
    }
    events = [f"  {count:5} {name}" for name, count in sorted(summary.events.items())]
    return [f"{name:28}{value}" for name, value in figures.items()] + ["events by kind"] + events


def _count_by_service(summary: Summary) -> dict[str, int]:
    counts: dict[str, int] = {}
    for hit, count in sorted(summary.hits.items()):
        service = hit.partition(":")[0]
        counts[service] = counts.get(service, 0) + count
    return counts
