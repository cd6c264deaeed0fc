"""`make simulate DAYS=... SEED=...`: a summary, and for a failure the shortest history that shows it."""

import secrets
import sys
import time

from tests.simulation.months import simulate_days
from tests.simulation.summary import describe


def main(days: float, seed: int) -> None:
    print(f"{days:g} simulated days, SEED={seed}", flush=True)
    begun = time.monotonic()
    summary = simulate_days(days, seed=seed)
    for line in describe(summary):
        print(line)
    print(f"{'wall time':28}{time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else secrets.randbelow(10**6))
