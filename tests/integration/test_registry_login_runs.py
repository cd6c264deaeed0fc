"""Runs whose tokens a registry lets in, refuses, or says nothing clear about."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from argo_ecr_auth.core.authorization_token import AuthorizationToken
from argo_ecr_auth.core.renewal_plan import is_probe_due
from argo_ecr_auth.core.results import Result, metric_values
from argo_ecr_auth.credential import RunOptions
from argo_ecr_auth.registry_login import Login, Verification, verify_login
from argo_ecr_auth.run import run_targets
from argo_ecr_auth.tokens import VerifyLogin
from tests.local_cloud.registry import LoopbackAddress, Registry
from tests.support.function import REGISTRY, Function, FunctionFactory, make_settings
from tests.support.objects import Objects
from tests.support.registry_login import connect_to, make_free_address

CHECK_EVERY = timedelta(minutes=7)


def run(function: Function, verify: VerifyLogin | LoopbackAddress, *, force: bool = False) -> tuple[Result, ...]:
    """A run with these logins, or with logins at the registry at this address."""
    if isinstance(verify, LoopbackAddress):
        verify = partial(verify_login, http=connect_to(verify))
    options = RunOptions(renew_before=timedelta(hours=6), seconds=30, force=force)
    now = function.now or datetime.now(UTC)
    return run_targets(function.targets, options=options, cache=function.cache, now=lambda: now, verify_login=verify)


VERIFY_OFF = "if Argo CD can pull with it anyway, set verify: off"
REJECTED = f"the new token is rejected: {REGISTRY} answered 401; {VERIFY_OFF}"


def refuse_after(work: Callable[[], object]) -> VerifyLogin:
    """A login that is refused after this work."""

    def verify(_host: str, _token: AuthorizationToken, **_: object) -> Verification:
        work()
        return Verification(login=Login.REFUSED, reason="it is refused")

    return verify


def verify_known(registry: Registry) -> VerifyLogin:
    """A login at a registry that knows each token before it is tried, as ECR knows what it handed out."""

    def verify(host: str, token: AuthorizationToken, *, repository: str | None, seconds: float) -> Verification:
        registry.let_in({"AWS": token.password})
        return verify_login(host, token, repository=repository, seconds=seconds, http=connect_to(registry.address))

    return verify


@pytest.fixture
def valid(function: Function, registry: Registry, objects: Objects) -> Function:
    """A function that has written a token that is valid and let in; the next one will not be."""
    (result,) = run(function, verify_known(registry))
    assert (result.action, result.verified, result.error) == ("created", True, None)
    registry.let_in({"AWS": "another password"})
    return function


def test_a_refused_token_leaves_the_valid_one_untouched_and_fails_the_credential(
    valid: Function, registry: Registry, objects: Objects
) -> None:
    before = objects.versions

    (result,) = run(valid, registry.address, force=True)

    assert objects.versions == before
    error = f"{REJECTED}; the token in the cluster stays"
    assert (result.action, result.verified, result.error) == ("failed", False, error)


@pytest.fixture
def refused(function: Function, forbidding: Registry) -> Function:
    """A function that has written a token which its registry refuses, because no valid token was there."""
    (result,) = run(function, forbidding.address)
    why = "it was written anyway, because the cluster has no valid token that its registry accepts"
    assert (result.action, result.verified, result.error) == ("failed", False, f"{REJECTED}; {why}")
    return function


def test_a_refused_token_that_was_written_is_not_replaced_by_another_of_its_kind(
    refused: Function, forbidding: Registry, objects: Objects
) -> None:
    before = objects.versions

    (result,) = run(refused, forbidding.address)

    error = f"{REJECTED}; the token in the cluster stays"
    assert (result.action, result.error, objects.versions) == ("failed", error, before)


def test_a_token_that_is_let_in_replaces_a_refused_one_for_good(
    refused: Function, registry: Registry, objects: Objects
) -> None:
    """A refused one is marked by its annotation."""
    marked = objects.require("configmaps")["metadata"]["annotations"]["argo-ecr-auth/verified"]
    (healed,) = run(refused, verify_known(registry))
    annotations = objects.require("configmaps")["metadata"]["annotations"]
    (after,) = run(refused, verify_known(registry))

    assert (healed.action, healed.verified, after.action) == ("repaired", True, "fresh")
    assert (marked, "argo-ecr-auth/verified" in annotations) == ("false", False)


@pytest.mark.parametrize("of", ["valid", "refused"])
def test_a_label_is_put_back_although_the_new_token_is_refused(
    of: str, request: pytest.FixtureRequest, running: Registry, objects: Objects
) -> None:
    function = request.getfixturevalue(of)
    before, annotations = objects.password, objects.require("configmaps")["metadata"]["annotations"]
    objects.patch("secrets", {"metadata": {"labels": {"argocd.argoproj.io/secret-type": None}}})

    (result,) = run(function, running.address, force=of == "valid")

    assert result.action == "failed"
    assert objects.require("secrets")["metadata"]["labels"] == {"argocd.argoproj.io/secret-type": "repository"}
    assert (objects.password, objects.require("configmaps")["metadata"]["annotations"]) == (before, annotations)


def test_what_another_run_wrote_meanwhile_is_not_overwritten_with_what_was_there_before(
    valid: Function, registry: Registry, objects: Objects
) -> None:
    objects.patch("secrets", {"metadata": {"labels": {"argocd.argoproj.io/secret-type": None}}})
    meanwhile = []

    def run_another() -> None:
        run(valid, verify_known(registry), force=True)
        meanwhile.append(objects.password)

    (result,) = run(valid, refuse_after(run_another), force=True)

    assert [objects.password] == meanwhile
    assert str(result.error).startswith(f"the new token is rejected: it is refused; {VERIFY_OFF}; ")
    assert "(409): it changed since it was read" in str(result.error)


def test_a_registry_that_does_not_resolve_replaces_no_working_credential(valid: Function, objects: Objects) -> None:
    """The settings name another one, by mistake."""

    def verify(host: str, _token: AuthorizationToken, **_: object) -> Verification:
        return Verification(login=Login.NO_SUCH_HOST, reason=f"{host} does not resolve")

    before = objects.versions
    wrong = REGISTRY.replace("000000000000", "000000000001")
    target = {"cluster": "demo", "namespace": objects.namespace, "credentials": [{"registry": wrong, "name": "ecr"}]}
    valid.settings = make_settings(target)

    (result,) = run(valid, verify)

    assert objects.versions == before
    assert str(result.error) == (
        f"{wrong} does not resolve; correct the registry in the settings; or, if Argo CD can pull with it "
        "anyway, set verify: off; the token in the cluster stays"
    )


def test_a_missing_repository_is_told_and_keeps_nothing_from_being_written(
    make_function_with: FunctionFactory, registry: Registry
) -> None:
    function = make_function_with({"registry": REGISTRY, "verify_repository": "team/gone"})

    (result,) = run(function, verify_known(registry))

    reason = "there is no Secret and no ConfigMap; there is no repository team/gone (404)"
    assert (result.action, result.verified, result.reason) == ("created", True, reason)


# The hourly login with the token in the cluster.


@pytest.fixture
def probing(valid: Function) -> Function:
    """A function whose next run tries the token in the cluster, which its registry no longer lets in."""
    (target,) = valid.targets
    now = datetime.now(UTC) + timedelta(minutes=10)
    while not is_probe_due(target.name, target.credentials[0], now=now, check_every=CHECK_EVERY):
        now += CHECK_EVERY
    valid.now, valid.check_every = now, CHECK_EVERY
    return valid


def test_a_token_that_is_rejected_before_it_expires_is_replaced(
    probing: Function, registry: Registry, objects: Objects
) -> None:
    before = objects.password
    verdicts: list[VerifyLogin] = [partial(verify_login, http=connect_to(registry.address)), verify_known(registry)]

    def verify(host: str, token: AuthorizationToken, **options: Any) -> Verification:
        return verdicts.pop(0)(host, token, **options)

    (result,) = run(probing, verify)

    reason = f"the token in the cluster is rejected: {REGISTRY} answered 401"
    assert (result.action, result.reason, result.verified, result.error) == ("renewed", reason, True, None)
    assert (metric_values((result,))["TokensRejected"], objects.password != before) == (1, True)


def test_a_token_that_is_rejected_gives_way_to_a_new_one_that_is_rejected_too(
    probing: Function, registry: Registry, objects: Objects
) -> None:
    """It is no better than a new one; the registry may be wrong about either."""
    before = objects.password

    (result,) = run(probing, registry.address)

    assert (result.action, result.verified, result.seconds_to_expiry) == ("failed", False, None)
    assert objects.password != before


def test_a_token_that_is_accepted_is_only_reported_so_and_tried_at_no_other_check_of_the_hour(
    probing: Function, running: Registry, objects: Objects
) -> None:
    running.let_in({"AWS": objects.password})
    before = objects.versions

    (result,) = run(probing, running.address)

    assert (result.action, result.verified, result.reason, objects.versions) == ("fresh", True, None, before)
    assert probing.now is not None
    probing.now += CHECK_EVERY
    running.let_in({"AWS": "another password"})
    (after,) = run(probing, running.address)
    assert (after.action, after.verified) == ("fresh", None)


def test_a_registry_that_says_nothing_clear_of_the_token_in_the_cluster_is_only_a_warning(
    probing: Function, objects: Objects
) -> None:
    before = objects.versions

    (result,) = run(probing, make_free_address())

    assert (result.action, result.verified, result.doubtful, objects.versions) == ("fresh", None, True, before)


def test_a_refused_token_is_not_written_over_one_that_another_run_wrote_meanwhile(
    function: Function, registry: Registry
) -> None:
    """Nothing is there when the run reads."""
    (result,) = run(function, refuse_after(lambda: run(function, verify_known(registry))))

    assert "(409): it changed since it was read" in str(result.error)
    (after,) = run(function, verify_known(registry))
    assert (after.action, after.error) == ("fresh", None)
