"""Targets that name a profile have its credentials, if the profile allows them."""

from datetime import timedelta
from typing import Any

import pytest

from argo_ecr_auth.core.targets import Role
from argo_ecr_auth_settings.document import SettingsError
from argo_ecr_auth_settings.resolve import resolve_targets
from argo_ecr_auth_settings.validation import validate_settings
from tests.unit.builders import HOST, OTHER_HOST

_ACCOUNT, _OTHER, _REGION = "111122223333", "444455556666", "eu-west-1"
_ALLOWED: dict[str, Any] = {"accounts": [_ACCOUNT], "regions": [_REGION], "clusters": ["team-a-*", "demo"]}
_PROFILE: dict[str, Any] = {"credentials": [{"registry": HOST}], "allowed": _ALLOWED}


def _document(target: Any, **others: Any) -> dict[str, Any]:
    return {"targets": [target], "profiles": {"base": _PROFILE}, **others}


def _find_faults(document: Any, *, account: str | None = _ACCOUNT) -> list[str]:
    try:
        validate_settings(document, account=account, region=_REGION)
    except SettingsError as error:
        return list(error.faults)
    return []


def test_a_target_has_the_credentials_of_its_profile_instead_of_the_general_ones() -> None:
    document = _document({"cluster": "demo", "profile": "base"}, credentials=[{"registry": OTHER_HOST}])
    settings = validate_settings(document, account=_ACCOUNT, region=_REGION)

    (target,) = resolve_targets(settings, region=_REGION)

    assert [host.host for credential in target.credentials for host in credential.registries] == [HOST]


@pytest.mark.parametrize("name", ["demo", "team-a-", "team-a-1"])
def test_a_profile_allows_clusters_by_their_whole_name(name: str) -> None:
    target = {"cluster": name, "profile": "base"}
    assert _find_faults(_document(target)) == []
    (fault,) = _find_faults(_document({**target, "cluster": f"x{name}"}))
    assert fault == f"targets[0].cluster: the profile base does not allow the cluster x{name}"


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"account": _OTHER}, ["account: the profile base does not allow the account 444455556666"]),
        ({"region": "eu-west-2"}, ["region: the profile base does not allow the region eu-west-2"]),
        ({"cluster": "Demo"}, ["cluster: the profile base does not allow the cluster Demo"]),
        ({"profile": "team-b"}, ["profile: there is no profile team-b; there are: base"]),
        ({"credentials": [{"registry": OTHER_HOST}]}, ["credentials: cannot be combined with profile; set only one"]),
        ({"credentials": []}, []),
    ],
)
def test_what_a_profile_does_not_allow_is_refused(keys: dict[str, Any], expected: list[str]) -> None:
    faults = _find_faults(_document({"cluster": "demo", "profile": "base", **keys}))
    assert faults == [f"targets[0].{fault}" for fault in expected]


def test_the_functions_own_place_counts_where_a_target_names_none() -> None:
    document = _document({"cluster": "demo", "profile": "base"})
    assert _find_faults(document, account=None) == []
    (fault,) = _find_faults(document, account=_OTHER)
    assert fault == f"targets[0].account: the profile base does not allow the account {_OTHER}"


def test_the_access_of_a_profile_and_its_role_in_other_accounts_are_those_of_its_targets() -> None:
    allowed = {**_ALLOWED, "accounts": [_ACCOUNT, _OTHER]}
    profile = {**_PROFILE, "allowed": allowed, "access": "none", "role_name": "describe", "external_id": "x1"}
    targets = [{"cluster": "demo", "profile": "base"}, {"cluster": "team-a-1", "profile": "base", "account": _OTHER}]
    document = {"targets": targets, "profiles": {"base": profile}}

    settings = validate_settings(document, account=_ACCOUNT, region=_REGION)

    assert {target.access for target in settings.targets} == {"none"}
    here, there = resolve_targets(settings, region=_REGION)
    assert here.role is None
    assert there.role == Role(arn=f"arn:aws:iam::{_OTHER}:role/describe", external_id="x1")


def test_a_profile_may_have_its_own_check_interval_and_its_targets_their_namespaces() -> None:
    targets = [{"cluster": "demo", "profile": "base", "namespace": "gitops"}, {"cluster": "other"}]
    document = {"targets": targets, "profiles": {"base": {**_PROFILE, "check_every": "1h"}}, "check_every": "5m"}

    settings = validate_settings({**document, "credentials": [{"registry": HOST}]}, account=_ACCOUNT, region=_REGION)

    resolved = [
        (target.check_every // timedelta(minutes=1), target.credentials[0].namespace)
        for target in resolve_targets(settings, region=_REGION)
    ]
    assert resolved == [(60, "gitops"), (5, "argocd")]


@pytest.mark.parametrize(
    ("check_every", "fault"),
    [
        ("90s", "check_every: 90s is not between 1m and 1h in whole minutes"),
        ("1h", "check_every: 1h is more than half of renew_before (1h)"),
        ("often", 'check_every: "often" is not a duration: write 2m or 1h, 1m to 1h in whole minutes'),
    ],
)
def test_the_check_interval_of_a_profile_has_the_limits_of_the_general_one(check_every: str, fault: str) -> None:
    profile = {**_PROFILE, "check_every": check_every}
    (found,) = _find_faults(
        _document({"cluster": "demo", "profile": "base"}, profiles={"base": profile}, renew_before="1h")
    )
    assert found.startswith(f"profiles.base.{fault}")


def test_an_external_id_of_a_profile_needs_a_role() -> None:
    document = {"targets": [], "profiles": {"base": {**_PROFILE, "external_id": "x1"}}}
    assert "profiles.base.external_id: goes with role_name, which is missing" in _find_faults(document)


def test_a_fault_of_a_profile_is_reported_once_for_all_its_targets() -> None:
    document = {
        "targets": [{"cluster": name, "profile": "base"} for name in ("demo", "team-a-1", "team-a-2")],
        "profiles": {"base": {**_PROFILE, "credentials": [{"registry": "docker.io"}]}},
    }
    (fault,) = _find_faults(document)
    assert fault.startswith("profiles.base.credentials[0].registry: 'docker.io' is not the host of an ECR registry")


def test_two_credentials_of_a_profile_with_one_secret_are_refused_where_the_profile_has_them() -> None:
    profile = {**_PROFILE, "credentials": [{"registry": HOST}, {"registry": OTHER_HOST}]}
    (fault,) = _find_faults(_document({"cluster": "demo", "profile": "base"}, profiles={"base": profile}))
    assert fault.startswith("targets[0] with profiles.base.credentials[1]: the Secret argocd/ecr-auth of cluster demo")


@pytest.mark.parametrize(
    ("profiles", "expected"),
    [
        ({"base": {"credentials": [{"registry": HOST}]}}, "profiles.base.allowed: missing"),
        ({"base": {**_PROFILE, "credentials": []}}, "profiles.base.credentials: [] is not allowed"),
        ({"base": {**_PROFILE, "allowed": {**_ALLOWED, "accounts": []}}}, "profiles.base.allowed.accounts: [] is not"),
        ({"base": {**_PROFILE, "allowed": {**_ALLOWED, "clusters": ["[a]"]}}}, "profiles.base.allowed.clusters[0]: "),
        ({"base": {**_PROFILE, "allowed": {**_ALLOWED, "regions": ["us-moon-1"]}}}, "allowed.regions[0]: us-moon-1 is"),
        ({"Base": _PROFILE}, "profiles: "),
        ([], "profiles: must be a mapping, not a list"),
    ],
)
def test_an_invalid_profile_is_refused_and_so_are_other_faults(profiles: Any, expected: str) -> None:
    faults = _find_faults(_document({"cluster": "demo", "profile": "base"}, profiles=profiles, renew_before="9h"))
    assert any(expected in fault for fault in faults), faults
    assert any(fault.startswith("renew_before: ") for fault in faults), faults
    assert not any("no profile base" in fault for fault in faults) or "Base" in profiles


def test_an_invalid_target_does_not_hide_the_faults_of_others() -> None:
    targets = [{"cluster": "demo", "profile": "Base"}, {"cluster": "x", "profile": "base"}, "y"]
    faults = _find_faults({"targets": targets, "profiles": {"base": _PROFILE}})
    assert [fault.partition(": ")[0] for fault in faults] == ["targets[0].profile", "targets[2]", "targets[1].cluster"]


def test_a_file_of_clusters_is_refused_where_there_is_no_settings_file() -> None:
    (fault,) = _find_faults(_document({"cluster": "demo", "profile": "base"}, clusters="clusters.yaml"))
    assert fault == "clusters: names a file, which only a settings file can; give the targets"
