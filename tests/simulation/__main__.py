"""`make simulate DAYS=... SEED=...`: a summary, or the invariant that does not hold and the history that breaks it."""

import secrets
import sys
import tempfile
import time
from pathlib import Path

from tests.local_cloud.control_plane import ControlPlane
from tests.simulation.cluster import USERS
from tests.simulation.history import simulate_days
from tests.simulation.summary import describe


def main(days: float, seed: int) -> None:
    print(f"{days:g} simulated days, SEED={seed}", flush=True)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as directory, ControlPlane(Path(directory, "cluster"), users=USERS) as plane:
        try:
            summary = simulate_days(plane, days=days, seed=seed)
        except AssertionError as error:
            sys.exit(str(error))
    for line in describe(summary):
        print(line)
    print(f"{'wall time':28}{time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else secrets.randbelow(10**6))
