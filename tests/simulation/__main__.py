"""`make simulate DAYS=... SEED=...`: a summary, and for a failure the shortest history that shows it."""

import secrets
import sys
import time

from tests.simulation.history import FAULTS
from tests.simulation.months import simulate_days
from tests.simulation.world import Summary


def main(days: float, seed: int) -> None:
    print(f"{days:g} simulated days, SEED={seed}", flush=True)
    begun = time.monotonic()
    summary = simulate_days(days, seed=seed)
    for line in describe(summary):
        print(line)
    print(f"{'wall time':28}{time.monotonic() - begun:.0f} s")


def describe(summary: Summary) -> list[str]:
    """What happened, a line for each figure."""
    faults = sum(count for name, count in summary.events.items() if name in FAULTS)
    figures = {
        "simulated time": f"{summary.time.total_seconds() / 86400:.1f} days",
        "runs": summary.runs,
        "events": f"{summary.events.total()}, {faults} of them faults of services",
        "requests that met a fault": summary.hits.total(),
        **{f"  of {service}": count for service, count in _count_by_service(summary).items()},
        "results": ", ".join(f"{count} {action}" for action, count in summary.actions.most_common()),
        "calls of ECR": summary.ecr_calls,
        "writes": summary.writes,
        "without a valid token": f"{summary.unserved.total_seconds():.0f} s of all credentials together, "
        f"{summary.longest.total_seconds():.0f} s at a stretch between two events",
    }
    events = [f"  {count:5} {name}" for name, count in sorted(summary.events.items())]
    return [f"{name:28}{value}" for name, value in figures.items()] + ["events by kind"] + events


def _count_by_service(summary: Summary) -> dict[str, int]:
    counts: dict[str, int] = {}
    for hit, count in sorted(summary.hits.items()):
        service = hit.partition(":")[0]
        counts[service] = counts.get(service, 0) + count
    return counts


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else secrets.randbelow(10**6))
