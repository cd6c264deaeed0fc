"""What a check knows of its target, and what it reports."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from argo_ecr_auth.api_server.eks_server import EksApiServers
from argo_ecr_auth.core.targets import Role, Target
from argo_ecr_auth.registry_login import verify_login
from argo_ecr_auth.single_flight import SingleFlight
from argo_ecr_auth.tokens import VerifyLogin
from argo_ecr_auth_cli.aws_session import Operator
from argo_ecr_auth_cli.installation import Installation
from argo_ecr_auth_cli.kubeconfig import Kubeconfig
from argo_ecr_auth_cli.messages import Identity
from argo_ecr_auth_cli.own_commands import OwnCommands

NOT_CHECKED = "not-checked"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something wrong and its remedy; or, with the name `not-checked`, something that nobody could look at."""

    target: str | None  # None: of the installation as a whole
    name: str  # stable, for programs
    message: str
    remedy: str
    namespace: str | None = None  # None: of the whole target
    why: str | None = None  # of what was not checked
    consequences: tuple[str, ...] = ()  # what else is wrong because of it

    @property
    def not_checked(self) -> bool:
        return self.name == NOT_CHECKED

    def as_dict(self) -> dict[str, Any]:
        return {
            "target": self.target,
            "finding": self.name,
            "message": self.message,
            "remedy": self.remedy,
            "consequences": list(self.consequences),
            "not_checked": self.not_checked,
        }


@dataclass(frozen=True, kw_only=True)
class SharedContext:
    """What the checks of all targets have in common."""

    installation: Installation
    operator: Operator
    function_role: str | None  # its ARN
    function_role_id: str | None = None  # its unique id
    own_commands: OwnCommands = field(repr=False)
    servers: EksApiServers | Kubeconfig = field(repr=False)
    verify_login: VerifyLogin = field(default=verify_login, repr=False)
    answers: SingleFlight[tuple[object, ...], Any] = field(
        default_factory=SingleFlight, repr=False
    )  # of AWS and clusters
    now: datetime

    @property
    def identity(self) -> Identity:
        """Who asks the clusters."""
        return self.servers.identity if isinstance(self.servers, Kubeconfig) else self.operator.identity


@dataclass(frozen=True, kw_only=True)
class CheckContext:
    """A target, seen with the operator's own rights."""

    target: Target  # as the operator reaches it; with its account, where that is known
    role: Role | None  # of the settings: the function assumes it to reach the cluster
    not_visible: str | None  # why EKS does not show the operator the cluster
    ours: frozenset[tuple[str, str]]  # every Secret of the settings in this cluster: namespace and name
    shared: SharedContext

    @property
    def access(self) -> str:
        """What the settings say: least-privilege, edit-policy or none."""
        return self.shared.installation.access[self.target.name]

    @property
    def group(self) -> str:
        """The installation's Kubernetes group."""
        return self.shared.installation.name

    @property
    def entry_by_user(self) -> bool:
        """Whether the user makes the access to the cluster, and decides what it looks like."""
        return self.role is not None or self.access == "none"

    @property
    def namespaces(self) -> list[str]:
        """The namespaces of the target's credentials."""
        return sorted({credential.namespace for credential in self.target.credentials})

    def format_command(self, name: str) -> str:
        """Another command for the same target."""
        return self.shared.own_commands.format(name, self.target.name)

    def report(self, name: str, message: str, *, remedy: str, namespace: str | None = None) -> Finding:
        """Something that is wrong."""
        return Finding(target=self.target.name, name=name, message=message, remedy=remedy, namespace=namespace)

    def report_not_checked(self, what: str, why: str, *, remedy: str) -> Finding:
        """Something that nobody could look at: it may be well, or wrong."""
        return replace(self.report(NOT_CHECKED, f"{what}: {why}", remedy=remedy), why=why)
