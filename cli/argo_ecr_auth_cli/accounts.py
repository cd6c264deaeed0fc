"""Finds the account of each target, and whether the operator's credentials see its cluster.

EKS shows only the clusters of the caller's account. A cluster of the same name in another account is another cluster.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from argo_ecr_auth.core.targets import Target

OTHER_ACCOUNT_REMEDY = "use --profile of that account"


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """Accounts, None if one is not known."""

    caller: str | None  # of the operator's credentials
    home: str | None  # the function's, and of the targets that name none

    def with_account(self, target: Target) -> Target:
        """The target with its account, if that is known."""
        return replace(target, account=target.account or self.home)

    def explain_not_visible(self, target: Target) -> str | None:
        """Why EKS does not show the operator the target's cluster, None if it does."""
        account = target.account or self.home
        if self.caller is None:
            # A target that names no account is in the caller's, as far as anybody knows.
            return (
                f"the cluster is in account {target.account}; the account of your credentials is not known"
                if target.account
                else None
            )
        if account is None:
            return f"the target names no account, and the function's may not be yours ({self.caller})"
        if account == self.caller:
            return None
        return f"the cluster is in account {account}; your credentials are for {self.caller}"


def find_accounts(targets: Iterable[Target], *, caller: str | None, function_role: str | None) -> Accounts:
    """From the targets as the settings have them, without an account if they name none."""
    if function_role:
        return Accounts(caller=caller, home=function_role.split(":")[4])
    accounts = {target.account for target in targets}
    # If some name the caller's account and others none, the latter may be in another one.
    return Accounts(caller=caller, home=None if None in accounts and caller in accounts else caller)
