"""A thousand clusters: the limits of CloudFormation, IAM and the function's timeout."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argo_ecr_auth.core.events import MAX_TARGETS
from argo_ecr_auth_cdk.schedules.schedule_groups import group_names, group_targets
from argo_ecr_auth_settings.access_plan import MAX_PER_STACK
from tests.infra.synthesis import make_content, make_stack, synthesize, synthesize_with_cdk_nag
from tests.unit.builders import target

_THOUSAND = [{"cluster": f"team-{number:04}"} for number in range(1_000)]
_CLOUDFORMATION_RESOURCES = 500
_CLOUDFORMATION_TEMPLATE = 1_000_000


@pytest.fixture(scope="module")
def templates() -> dict[str, dict[str, Any]]:
    return synthesize_with_cdk_nag(make_stack(make_content(targets=_THOUSAND)))


def _find(templates: dict[str, dict[str, Any]], type_: str) -> list[dict[str, Any]]:
    resources = [resource for template in templates.values() for resource in template["Resources"].values()]
    return [resource["Properties"] for resource in resources if resource["Type"] == type_]


def _schedules(templates: dict[str, dict[str, Any]]) -> list[list[str]]:
    schedules = _find(templates, "AWS::Scheduler::Schedule")
    return [json.loads(schedule["Target"]["Input"])["targets"] for schedule in schedules]


def test_every_template_is_within_cloudformations_limits(templates: dict[str, dict[str, Any]]) -> None:
    for template in templates.values():
        assert len(template["Resources"]) <= _CLOUDFORMATION_RESOURCES
        assert len(json.dumps(template)) <= _CLOUDFORMATION_TEMPLATE


def test_every_policy_is_within_iams_limits(templates: dict[str, dict[str, Any]]) -> None:
    for template in templates.values():
        for resource in template["Resources"].values():
            limit = {"AWS::IAM::Policy": 10_240, "AWS::IAM::ManagedPolicy": 6_144}.get(resource["Type"])
            document = json.dumps(resource.get("Properties", {}).get("PolicyDocument", ""), separators=(",", ":"))
            assert limit is None or len(document) <= limit


def test_every_target_is_checked_by_exactly_one_schedule(templates: dict[str, dict[str, Any]]) -> None:
    names = [name for members in _schedules(templates) for name in members]
    assert sorted(names) == [target["cluster"] for target in _THOUSAND]


def test_no_schedule_names_more_targets_than_a_run_does_at_once(templates: dict[str, dict[str, Any]]) -> None:
    # The function works on 16 at once.
    assert max(map(len, _schedules(templates))) <= 16 <= MAX_TARGETS


def test_every_cluster_has_exactly_one_entry(templates: dict[str, dict[str, Any]]) -> None:
    entries = _find(templates, "AWS::EKS::AccessEntry")
    assert sorted(entry["ClusterName"] for entry in entries) == [target["cluster"] for target in _THOUSAND]


def test_the_access_stacks_name_the_functions_role_by_a_literal_arn(templates: dict[str, dict[str, Any]]) -> None:
    assert "Fn::GetStackOutput" not in json.dumps(templates)
    access = [template for name, template in templates.items() if "-access-" in name]
    assert len(access) == 8
    assert not any("Fn::ImportValue" in json.dumps(template) for template in access)


def test_a_fleet_whose_owners_create_the_access_is_one_stack_without_entries() -> None:
    # In one other account and region. With entries of ours, 400 clusters are the most that fit there.
    account = "333333333333"
    place = {"account": account, "role_arn": f"arn:aws:iam::{account}:role/describe", "external_id": "fleet"}
    content = make_content(targets=[{**target, **place} for target in _THOUSAND], access="none")

    (stack,) = synthesize(make_stack(content)).stacks

    types = [resource["Type"] for resource in stack.template["Resources"].values()]
    assert "AWS::EKS::AccessEntry" not in types
    assert len(types) <= _CLOUDFORMATION_RESOURCES
    assert len(json.dumps(stack.template)) <= _CLOUDFORMATION_TEMPLATE


def test_one_more_target_changes_few_resources(templates: dict[str, dict[str, Any]]) -> None:
    assembly = synthesize(make_stack(make_content(targets=[*_THOUSAND, {"cluster": "one-more"}])))
    changed = [
        id_
        for stack in assembly.stacks
        for id_, resource in stack.template["Resources"].items()
        if templates[stack.stack_name]["Resources"].get(id_) != resource and "Metadata" not in id_
    ]
    assert len(changed) <= 20, changed


@given(
    names=st.sets(st.text(alphabet="abc-", min_size=1), min_size=1, max_size=60),
    more=st.text(alphabet="xyz", min_size=1),
)
@settings(deadline=None)
def test_groups_hold_every_name_once_whatever_the_order(names: set[str], more: str) -> None:
    max_groups = 10
    groups = group_names(names, max_groups=max_groups)
    assert sorted(name for members in groups.values() for name in members) == sorted(names)
    assert len(groups) == min(max_groups, len(names))
    assert groups == group_names(sorted(names, reverse=True), max_groups=max_groups)
    assert all(group in members for group, members in groups.items())
    # A new name changes only the group that it joins, unless it becomes a group of its own, which others may join.
    after = group_names({*names, more}, max_groups=max_groups)
    if more not in after:
        assert sum(after[group] != members for group, members in groups.items()) == 1


@pytest.mark.parametrize("often", [100, 700, 999])
def test_targets_of_two_check_intervals_share_no_schedule(often: int) -> None:
    targets = [
        replace(target(f"team-{number}"), check_every=timedelta(minutes=2 if number < often else 10))
        for number in range(1_000)
    ]
    groups = list(group_targets(targets))
    assert {(interval, name) for interval, _, members in groups for name in members} == {
        (target.check_every, target.name) for target in targets
    }
    assert sum(len(members) for _, _, members in groups) == len(targets)
    assert MAX_PER_STACK - 2 <= len(groups) <= MAX_PER_STACK
    assert max(len(members) for _, _, members in groups) <= 16


def test_up_to_two_hundred_targets_each_have_their_own_schedule() -> None:
    names = [f"team-{number}" for number in range(MAX_PER_STACK)]
    assert group_names(names) == {name: (name,) for name in sorted(names, key=list(group_names(names)).index)}
