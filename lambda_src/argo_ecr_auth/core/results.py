"""The result of a run for each credential, and a run's metric values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from argo_ecr_auth.core.diff import Change
from argo_ecr_auth.core.targets import Credential, Target
from argo_ecr_auth.core.timestamps import format_time


@dataclass(frozen=True, kw_only=True)
class Result:
    """How one credential is after a run."""

    target: str
    secret: str  # NAMESPACE/NAME
    registry: str  # the host; several of a pull-secret joined by commas
    action: str  # fresh, created, renewed, repaired or failed
    reason: str | None = None
    expires_at: datetime | None = None  # None where nothing is known of the token that is there
    seconds_to_expiry: int | None = None
    verified: bool | None = None
    error: str | None = None
    error_type: str | None = None  # the error's class, for programs
    dry_run: bool = False
    changes: tuple[Change, ...] = ()
    tampered: bool = False  # somebody had added keys to the Secret by which Argo CD could send the token elsewhere
    rejected: bool = False  # a registry rejected the token that was in the cluster
    doubtful: bool = False  # written, but something about it is worth a look; the reason says what

    @property
    def failed(self) -> bool:
        return self.action == "failed"

    def as_dict(self) -> dict[str, Any]:
        """The result as JSON. `dry_run` is there only where it is true, with every change that a run would make."""
        document: dict[str, Any] = {
            "target": self.target,
            "secret": self.secret,
            "registry": self.registry,
            "action": self.action,
            "reason": self.reason,
            "expires_at": format_time(self.expires_at) if self.expires_at else None,
            "seconds_to_expiry": self.seconds_to_expiry,
            "verified": self.verified,
            "error": self.error,
            "error_type": self.error_type,
        }
        if not self.dry_run:
            return document
        changes = [
            {
                "object": change.kind,
                "key": f"{change.part} {change.key}",
                "actual": change.actual,
                "desired": change.desired,
            }
            for change in self.changes
        ]
        return document | {"dry_run": True, "changes": changes}


def new_result(target: Target, credential: Credential, *, dry_run: bool = False) -> Result:
    """What is known of a credential's result before anything was done."""
    return Result(
        target=target.name,
        secret=f"{credential.namespace}/{credential.secret_name}",
        registry=credential.registry,
        action="failed",
        dry_run=dry_run,
    )


def metric_values(results: tuple[Result, ...]) -> dict[str, int]:
    """A run in numbers, by the names of its metrics.

    `SecondsToExpiry` (the least) only if one is known, `Tampered` and `TokensRejected` only if there are any: a metric
    without values costs nothing.
    """
    remaining = [result.seconds_to_expiry for result in results if result.seconds_to_expiry is not None]
    actions = [result.action for result in results if not result.dry_run or result.failed]
    figures = {
        "ChecksCompleted": sum(not result.failed for result in results),
        "Failures": actions.count("failed"),
        "Renewed": actions.count("renewed") + actions.count("created"),
        "Repaired": actions.count("repaired"),
    }
    if remaining:
        figures["SecondsToExpiry"] = min(remaining)
    if tampered := sum(result.tampered for result in results if not result.dry_run):
        figures["Tampered"] = tampered
    if rejected := sum(result.rejected for result in results):
        figures["TokensRejected"] = rejected
    return figures
