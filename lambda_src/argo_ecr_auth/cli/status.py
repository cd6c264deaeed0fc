"""How is every credential? Read with the operator's own rights; nothing is written, and ECR is not asked."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from argo_ecr_auth.cli.aws import region_of, sessions_of
from argo_ecr_auth.cli.exits import OK, UNHEALTHY, UNSEEN
from argo_ecr_auth.cli.health import healthy
from argo_ecr_auth.cli.installation import as_operator, chosen, installation_of
from argo_ecr_auth.cli.output import progress, say_json, to_operator
from argo_ecr_auth.cli.writers import Writer, last_writer
from argo_ecr_auth.cluster import Connection
from argo_ecr_auth.connections import Connections, Warm
from argo_ecr_auth.reading import Reading
from argo_ecr_auth.results import Result, result_of
from argo_ecr_auth.sync import Order, Reads, sync
from argo_ecr_auth.targets import Credential, Target

_STATES = {"created": "missing", "renewed": "due", "repaired": "to repair"}
"""What a dry run would do, as the state that it would do it for."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """How one credential is; `state` is fresh, due, to repair, missing, ended, failed, unread or disabled."""

    result: Result
    state: str
    healthy: bool
    writer: Writer | None

    @property
    def looked_at(self) -> bool:
        return self.state not in {"disabled", "unread"}

    def as_dict(self) -> dict[str, Any]:
        said = self.result.as_dict()
        kept = ("target", "secret", "registry", "reason", "expires_at", "seconds_to_expiry")
        return {key: said[key] for key in kept} | {
            "state": self.state,
            "healthy": self.healthy,
            "last_writer": self.writer.as_dict() if self.writer else None,
            "error": to_operator(self.result.error) if self.result.error else None,
        }


class Watched:
    """Reads as the connections do, and keeps what was read, for what no result says."""

    def __init__(self, reads: Reads, *, done: Callable[[], None] = lambda: None) -> None:
        self.readings: dict[tuple[str, Credential], Reading] = {}
        self._reads = reads
        self._done = done

    def read(self, target: Target, credential: Credential) -> tuple[Connection, Reading]:
        """As the connections. Raises SyncError."""
        try:
            connection, reading = self._reads.read(target, credential)
            self.readings[target.name, credential] = reading
            return connection, reading
        finally:
            self._done()


def run(options: argparse.Namespace) -> int:
    """Show the credentials of the targets. Raises CommandError."""
    region = region_of(profile=options.profile, region=options.region)
    installation = installation_of(options, region=region)
    warm = Warm(sessions=sessions_of(profile=options.profile, region=region), caller="your identity")
    found = statuses(
        [as_operator(target) for target in chosen(installation, options.targets)],
        warm=warm,
        renew_before=installation.renew_before,
        named=bool(options.targets),
    )
    if options.output == "json":
        say_json({"results": [status.as_dict() for status in found]})
    else:
        _print(found)
    states = {status.state for status in found if not status.healthy}
    return OK if not states else UNSEEN if states == {"unread"} else UNHEALTHY


def statuses(targets: list[Target], *, warm: Warm, renew_before: timedelta, named: bool) -> list[Status]:
    """The credentials of the targets, in their order; those of disabled targets are read only where `named`."""
    total = sum(len(target.credentials) for target in targets)
    looked_at = [target for target in targets if target.enabled or named]
    with progress("reading", total=total) as done:
        watched = Watched(Connections(warm), done=done)
        # As much time as a slow cluster takes, and more where many wait for their turn.
        order = Order(renew_before=renew_before, seconds=45 + total / 4, dry_run=True)
        results = iter(sync(looked_at, order=order, warm=warm, now=lambda: datetime.now(UTC), connections=watched))
    return [
        _status(next(results), watched.readings.get((target.name, credential)), renew_before=renew_before)
        if target.enabled or named
        else Status(result=result_of(target, credential), state="disabled", healthy=True, writer=None)
        for target in targets
        for credential in target.credentials
    ]


def _status(result: Result, reading: Reading | None, *, renew_before: timedelta) -> Status:
    ended = result.seconds_to_expiry is not None and result.seconds_to_expiry <= 0
    return Status(
        result=result,
        state=(
            "unread"
            if reading is None
            else "failed"
            if result.failed
            else "ended"
            if ended
            else _STATES.get(result.action, result.action)
        ),
        healthy=healthy(result, renew_before=renew_before),
        writer=last_writer(reading) if reading else None,
    )


def _print(found: list[Status]) -> None:
    from argo_ecr_auth.cli.tables import coloured, life, print_table  # noqa: PLC0415 - rich is of the extra

    print_table(
        ("TARGET", "SECRET", "STATE", "LEFT", "LAST WRITER", "WHY"),
        [
            (
                status.result.target,
                status.result.secret,
                coloured(status.state, healthy=status.healthy),
                life(status.result.seconds_to_expiry, healthy=status.healthy) if status.looked_at else "",
                str(status.writer or ""),
                to_operator(status.result.error or status.result.reason or ""),
            )
            for status in found
        ],
        whole=("TARGET", "STATE", "LEFT"),
    )
