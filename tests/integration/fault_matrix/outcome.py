"""What became of one fault: the run's result, what is in the cluster after it, and the runs that follow."""

from dataclasses import dataclass, field

from argo_ecr_auth.core.results import Result
from tests.integration.fault_matrix.kinds import Kind, Request
from tests.integration.fault_matrix.ways import Way


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One credential in the cluster: its password, and whether the ConfigMap vouches for it."""

    password: str | None = field(default=None, repr=False)  # None where there is no Secret
    is_vouched_for: bool = False


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A cell of the fault matrix."""

    kind: Kind
    request: Request
    way: Way
    met: int  # requests that met the way, or changes of what connections find
    requests: int  # that came to the service
    result: Result
    neighbour: Result
    before: Snapshot
    after: Snapshot
    next_result: Result
    last_result: Result  # of the run after the next
    neighbour_after: Snapshot
    accepted: frozenset[str] = field(repr=False)  # those of the passwords that the registry lets in

    @property
    def is_retried(self) -> bool:
        """Whether the run asked the service more often than one without a fault does."""
        return self.requests > sum(each.service is self.request.service for each in self.kind.requests)

    @property
    def name(self) -> str:
        return f"{self.kind.title}, {self.request.name}, {self.way.name}"
