"""What is examined, and what may be found."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from argo_ecr_auth.clients.sessions import Sessions
from argo_ecr_auth.connections import Connections
from argo_ecr_auth.core.targets import Role, Target
from argo_ecr_auth.token_issuer import VerifyLogin


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something wrong, with its remedy; or, `unseen`, something that could not be looked at."""

    target: str
    name: str  # stable, for programs
    said: str
    remedy: str
    unknown: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {
            "target": self.target,
            "finding": self.name,
            "said": self.said,
            "remedy": self.remedy,
            "unseen": self.unknown,
        }


@dataclass(frozen=True, kw_only=True)
class CheckContext:
    """A target, seen with the operator's own rights."""

    target: Target  # as the operator reaches it; with its account, where that is known
    role: Role | None  # of the settings: what the function assumes to reach the cluster
    access: str  # least-privilege, edit-policy or none
    group: str  # the installation's
    function_role: str | None  # its ARN
    not_visible: str | None  # why EKS does not tell the operator of the cluster
    in_vpc: bool  # the function
    options: str  # of this command, which those of the remedies need too
    ours: frozenset[tuple[str, str]]  # every Secret of the settings in this cluster: namespace and name
    renew_before: timedelta
    sessions: Sessions = field(repr=False)
    connections: Connections = field(repr=False)
    verify_login: VerifyLogin = field(repr=False)
    now: datetime

    @property
    def entry_by_user(self) -> bool:
        """Whether the way into the cluster is the user's own, and so is what it looks like."""
        return self.role is not None or self.access == "none"

    @property
    def namespaces(self) -> list[str]:
        """Where the target's credentials are."""
        return sorted({credential.namespace for credential in self.target.credentials})

    def command(self, name: str) -> str:
        """Another command for the same target."""
        return f"argo-ecr-auth {name} {self.target.name}{self.options}"

    def found(self, name: str, said: str, *, remedy: str) -> Finding:
        """Something that is wrong."""
        return Finding(target=self.target.name, name=name, said=said, remedy=remedy)

    def unknown(self, what: str, said: str, *, remedy: str) -> Finding:
        """Something that could not be looked at: it may be well, or wrong."""
        return Finding(target=self.target.name, name="unseen", said=f"{what}: {said}", remedy=remedy, unknown=True)
