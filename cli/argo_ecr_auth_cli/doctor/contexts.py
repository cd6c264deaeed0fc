"""Makes the contexts of the targets that doctor examines."""

from collections.abc import Sequence

from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_cli.accounts import find_accounts
from argo_ecr_auth_cli.doctor.check_context import CheckContext, SharedContext
from argo_ecr_auth_cli.installation import without_role


def make_contexts(targets: Sequence[Target], shared: SharedContext) -> list[CheckContext]:
    """The targets with all that their checks need."""
    installation = shared.installation
    accounts = find_accounts(installation.targets, caller=shared.operator.account, function_role=shared.function_role)
    all_targets = [accounts.with_account(each) for each in installation.targets]
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
    """Every Secret of the settings in the target's cluster; where an account is not known, in what may be it."""
    return frozenset(
        (credential.namespace, credential.secret_name)
        for each in targets
        if (each.cluster, each.region) == (target.cluster, target.region)
        and (each.account == target.account or None in {each.account, target.account})
        for credential in each.credentials
    )
