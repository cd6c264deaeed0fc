"""What a check knows of its target, what it reports, and how it is run."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, Final, Literal, ParamSpec

from botocore.exceptions import BotoCoreError, ClientError

from argo_ecr_auth.api_server.eks_server import EksApiServers
from argo_ecr_auth.aws.sessions import make_aws_error
from argo_ecr_auth.core.errors import AwsRefusalError, SyncError
from argo_ecr_auth.core.targets import Role, Target
from argo_ecr_auth.credential import describe_unexpected
from argo_ecr_auth.registry_login import verify_login
from argo_ecr_auth.single_flight import SingleFlight
from argo_ecr_auth.tokens import VerifyLogin
from argo_ecr_auth_cli.accounts import find_accounts
from argo_ecr_auth_cli.aws_session import Operator
from argo_ecr_auth_cli.deployment import FunctionLog, LoggedResult
from argo_ecr_auth_cli.installation import Installation, without_role
from argo_ecr_auth_cli.kubeconfig import Kubeconfig
from argo_ecr_auth_cli.messages import Identity
from argo_ecr_auth_cli.own_commands import OwnCommands

CauseName = Literal[
    "authentication-mode",
    "limited-endpoint",
    "no-access-entry",
    "no-group",
    "no-namespace",
    "no-policy",
    "no-role",
    "no-role-binding",
    "no-schedule",
    "no-such-cluster",
    "not-deployed",
    "not-ours",
    "not-running",
    "private-endpoint",
    "schedule-disabled",
    "stale-access-entry",
    "sts-region",
    "token-refused",
]
"""Why the function cannot keep a credential fresh."""
SymptomName = Literal["not-kept-fresh", "run-failed"]
"""What follows from a cause, and is reported with it."""
FindingName = Literal[
    CauseName,
    SymptomName,
    "cached-failure",
    "duplicate",
    "leftover",
    "no-pull-permission",
    "not-checked",
    "other-installation",
    "second-writer",
    "shadowed",
    "stale-keys",
    "tampered",
    "token-may-leave",
    "tracked",
    "wide-access",
]
"""Stable, for programs. Each has a row in docs/operations.md."""
NOT_CHECKED: Final = "not-checked"
REMEDY = "doctor looks with your own permissions and from this machine"
P = ParamSpec("P")


@dataclass(frozen=True, kw_only=True)
class Cause:
    """The facts of an error, of the function's last run or one that kept a check from looking."""

    failed: str
    why: str = ""
    remedy: str = ""
    code: str = ""  # AWS's own, or the error's class
    permission: str = ""  # that the operator may lack

    @property
    def kind(self) -> tuple[str, ...]:
        """What errors of several targets have in common: all but what each of them is of."""
        return (self.code, self.why, self.remedy, self.permission)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something wrong and its remedy; or, with the name `not-checked`, something that nobody could look at."""

    target: str | None  # None: of the installation as a whole
    name: FindingName
    message: str
    remedy: str
    namespace: str | None = None  # None: of the whole target
    cause: Cause | None = None  # of what was not checked, or of a run that failed
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
class Outcome:
    """What one check found, of a target or (None) of the installation; it passed if it found nothing."""

    subject: str
    passes: str  # what is true if it passes
    target: str | None = None
    findings: tuple[Finding, ...] = ()


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
    log: FunctionLog | None = field(default=None, repr=False)  # None: nobody could read it
    now: datetime

    @property
    def identity(self) -> Identity:
        """Who asks the clusters."""
        return self.servers.identity if isinstance(self.servers, Kubeconfig) else self.operator.identity


@dataclass(frozen=True, kw_only=True)
class CheckContext:
    """A target, seen with the operator's own permissions."""

    target: Target  # as the operator reaches it; with its account, if that is known
    role: Role | None  # of the settings: the function assumes it to reach the cluster
    not_visible: str | None  # why EKS does not show the operator the cluster
    ours: frozenset[tuple[str, str]]  # every Secret of the settings in this cluster: namespace and name
    shared: SharedContext
    outcomes: list[Outcome] = field(default_factory=list, compare=False, repr=False)  # of the checks so far

    @property
    def access(self) -> str:
        """What the settings say: least-privilege, edit-policy or none."""
        return self.shared.installation.access[self.target.name]

    @property
    def group(self) -> str:
        """The installation's Kubernetes group."""
        return self.shared.installation.name

    @property
    def user_manages_access(self) -> bool:
        """Whether the user makes the access to the cluster, and decides what it looks like."""
        return self.role is not None or self.access == "none"

    @property
    def last_results(self) -> dict[str, LoggedResult]:
        """What the function's last run came to, by the Secrets of the target's credentials."""
        results = self.shared.log.last_results if self.shared.log else {}
        secrets = [f"{credential.namespace}/{credential.secret_name}" for credential in self.target.credentials]
        found = ((secret, results.get((self.target.name, secret))) for secret in secrets)
        return {secret: result for secret, result in found if result}

    @property
    def namespaces(self) -> list[str]:
        """The namespaces of the target's credentials."""
        return sorted({credential.namespace for credential in self.target.credentials})

    def format_command(self, name: str) -> str:
        """Another command for the same target."""
        return self.shared.own_commands.format(name, self.target.name)

    def report(
        self,
        name: FindingName,
        message: str,
        *,
        remedy: str,
        namespace: str | None = None,
        cause: Cause | None = None,
    ) -> Finding:
        """Something that is wrong."""
        return Finding(
            target=self.target.name, name=name, message=message, remedy=remedy, namespace=namespace, cause=cause
        )

    def report_not_checked(self, what: str, why: str, *, remedy: str, cause: Cause | None = None) -> Finding:
        """Something that nobody could look at: it may be well, or wrong."""
        return Finding(target=self.target.name, name=NOT_CHECKED, message=f"{what}: {why}", remedy=remedy, cause=cause)


def check(
    subject: str, passes: str
) -> Callable[
    [Callable[Concatenate[CheckContext, P], Iterable[Finding]]], Callable[Concatenate[CheckContext, P], list[Finding]]
]:
    """Make a check of a function: its outcome is recorded, and an error in it is a finding that keeps no other back.

    `passes` is what is true if it finds nothing, a clause for a line of its own and for "whether ...".
    """

    def decorate(
        find: Callable[Concatenate[CheckContext, P], Iterable[Finding]],
    ) -> Callable[Concatenate[CheckContext, P], list[Finding]]:
        @wraps(find)
        def run(context: CheckContext, /, *arguments: P.args, **options: P.kwargs) -> list[Finding]:
            findings: list[Finding] = []
            try:
                for finding in find(context, *arguments, **options):
                    findings.append(finding)  # noqa: PERF402 - what was found before an error stays
            except (SyncError, ClientError, BotoCoreError) as error:
                findings.append(report_error(context, f"whether {passes}", error))
            except Exception as error:  # noqa: BLE001 - whatever it is, the other checks still run
                why = describe_unexpected(error)
                findings.append(context.report_not_checked(f"whether {passes}", why, remedy=REMEDY))
            outcome = Outcome(subject=subject, passes=passes, target=context.target.name, findings=tuple(findings))
            context.outcomes.append(outcome)
            return findings

        return run

    return decorate


def report_error(
    context: CheckContext,
    what: str,
    error: SyncError | ClientError | BotoCoreError,
    *,
    doing: str = "call AWS",
    permission: str = "",
) -> Finding:
    """Why something was not checked; of an error of botocore's, `doing` and `permission` say what it refused."""
    if not isinstance(error, SyncError):
        error = make_aws_error(error, doing=doing, permission=permission)
    code = error.code if isinstance(error, AwsRefusalError) else type(error).__name__
    permission = error.permission if isinstance(error, AwsRefusalError) else ""
    cause = Cause(failed=error.failed, why=error.why, remedy=error.remedy, code=code, permission=permission)
    return context.report_not_checked(what, context.shared.identity.explain(error), remedy=REMEDY, cause=cause)


def make_contexts(targets: Sequence[Target], shared: SharedContext) -> list[CheckContext]:
    """The targets with all that their checks need."""
    installation = shared.installation
    accounts = find_accounts(installation.targets, caller=shared.operator.account, function_role=shared.function_role)
    all_targets = [accounts.with_account(target) for target in installation.targets]
    return [
        CheckContext(
            target=without_role(accounts.with_account(target)),
            role=target.role,
            not_visible=accounts.explain_not_visible(target),
            ours=_list_own_secrets(accounts.with_account(target), all_targets),
            shared=shared,
        )
        for target in targets
    ]


def _list_own_secrets(target: Target, targets: Sequence[Target]) -> frozenset[tuple[str, str]]:
    """Every Secret of the settings in the target's cluster; if an account is not known, in what may be it."""
    return frozenset(
        (credential.namespace, credential.secret_name)
        for other in targets
        if (other.cluster, other.region) == (target.cluster, target.region)
        and (other.account == target.account or None in {other.account, target.account})
        for credential in other.credentials
    )
