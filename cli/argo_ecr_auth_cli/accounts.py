"""Which account a target is in, and whether the operator's credentials are of it.

EKS tells of the clusters of the account that asks, and of no other's: a cluster of the same name there is not the
target's.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from argo_ecr_auth.core.targets import Target


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """None where it is not known."""

    caller: str | None  # whose the operator's credentials are
    home: str | None  # the function's, and of the targets that name none

    def with_account(self, target: Target) -> Target:
        """The target with its account, where that is known."""
        return replace(target, account=target.account or self.home)

    def not_visible(self, target: Target) -> str | None:
        """Why EKS does not tell the operator of the target's cluster; None where it does."""
        account = target.account or self.home
        if self.caller is None:
            # Who names no account has one, as far as anybody can tell.
            return (
                f"in account {target.account}, and whose your credentials are is not known" if target.account else None
            )
        if account is None:
            return f"it names no account, and the function's is not known to be yours ({self.caller})"
        return None if account == self.caller else f"in account {account}; your credentials are of {self.caller}"


ELSEWHERE_REMEDY = "look with the --profile of that account"
"""What to do about it."""


def find_accounts(targets: Iterable[Target], *, caller: str | None, function_role: str | None) -> Accounts:
    """From the targets as the settings have them, without an account where they name none."""
    if function_role:
        return Accounts(caller=caller, home=function_role.split(":")[4])
    return Accounts(caller=caller, home=None if are_ambiguous(targets, caller=caller) else caller)


def are_ambiguous(targets: Iterable[Target], *, caller: str | None) -> bool:
    """Whether some name the caller's account and others none: the latter may then be at home in another one."""
    accounts = {target.account for target in targets}
    return None in accounts and caller in accounts
