"""`make simulate DAYS=... SEED=...`: a summary, or for a failure the shortest history that shows it."""

import secrets
import sys
import time

from tests.simulation.drawing import BrokenInvariantError, Change, simulate_days
from tests.simulation.summary import describe


def main(days: float, seed: int, *, change: Change = lambda _: None) -> None:
    """Print what happened. Exits with 1 where an invariant does not hold."""
    print(f"{days:g} simulated days, SEED={seed}", flush=True)
    begun = time.monotonic()
    try:
        summary = simulate_days(days, seed=seed, change=change)
    except BrokenInvariantError as broken:
        print(broken)
        raise SystemExit(1) from None
    for line in describe(summary):
        print(line)
    print(f"{'wall time':28}{time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else secrets.randbelow(10**6))
