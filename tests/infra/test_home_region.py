"""Targets are compared with the stack's account and region. Regions that do not exist are refused."""

from typing import Any

import aws_cdk as cdk
import pytest
from botocore.session import Session

from argo_ecr_auth_cdk import read_app_settings
from argo_ecr_auth_settings.document import SettingsError
from argo_ecr_auth_settings.field_types import is_region
from tests.infra.synthesis import ACCOUNT, REGION, REGISTRY, make_content

_ROLE = "arn:aws:iam::333333333333:role/made-by-hand"


def _refuse(document: object, *, account: str | None, region: str | None) -> str:
    """The only fault."""
    with pytest.raises(SettingsError) as refused:
        read_app_settings(document, account=account, region=region)
    (fault,) = refused.value.faults
    return fault


def test_a_stack_in_a_region_that_does_not_exist_is_refused() -> None:
    fault = _refuse(make_content(), account=ACCOUNT, region="us-moon-1")
    assert fault.startswith("the stack's region: us-moon-1 is not an AWS region")
    assert "AWS_REGION" in fault


def test_each_region_passes_and_a_new_one_too() -> None:
    partitions = ("aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc")
    session = Session()
    known = [region for partition in partitions for region in session.get_available_regions("ec2", partition)]
    assert len(known) > 30
    new = ["ap-southeast-9", "in-west-1", "us-isog-northwest-2", "eusc-fr-east-1"]
    assert [region for region in [*known, *new] if not is_region(region)] == []
    assert not any(map(is_region, ("us-moon-1", "eu-wst-1", "eu-west", "west-1", "eu-west-1a", "eu-west-1\n", "")))


@pytest.mark.parametrize(("key", "value"), [("region", "us-east-1"), ("account", "333333333333")])
def test_a_region_or_account_that_cannot_be_compared_with_the_stacks_is_refused(key: str, value: str) -> None:
    anywhere = cdk.Stack()
    document = make_content(targets=[{"cluster": "demo", key: value}])
    fault = _refuse(document, account=anywhere.account, region=anywhere.region)
    assert fault.startswith(f"targets[0].{key}: cannot be compared with the stack's own")
    assert "AWS_PROFILE" in fault


@pytest.mark.parametrize(
    ("where", "key", "value", "unknown"),
    [
        ({"account": ACCOUNT, "region": None}, "account", "333333333333", "region"),
        ({"account": None, "region": REGION}, "region", "us-east-1", "account"),
    ],
)
def test_a_target_elsewhere_is_refused_if_the_stacks_account_or_region_is_unknown(
    where: dict[str, str | None], key: str, value: str, unknown: str
) -> None:
    home, away = {"cluster": "demo"}, {"cluster": "away", key: value}
    needed = f"targets[1].{key}: needs an access stack, for which the stack's own {unknown} is not known"
    assert _refuse(make_content(targets=[home, away]), **where).startswith(needed)
    # With role_arn, nothing has to be created there.
    read_app_settings(make_content(targets=[home, {**away, "role_arn": _ROLE}]), **where)


def test_the_limit_elsewhere_counts_only_clusters_that_need_an_access_entry() -> None:
    spelled_out = [{"cluster": f"home{i}", "account": ACCOUNT, "region": REGION} for i in range(401)]
    of_their_own = [{"cluster": f"own{i}", "region": "us-east-1", "role_arn": _ROLE} for i in range(401)]
    credentials = [{"registry": REGISTRY, "secret_name": "second"}]
    twice: list[dict[str, Any]] = [{"cluster": f"away{i}", "region": "us-east-1"} for i in range(300)]
    twice += [
        {"cluster": f"away{i}", "name": f"again{i}", "region": "us-east-1", "credentials": credentials}
        for i in range(300)
    ]
    document = make_content(targets=[*spelled_out, *of_their_own, *twice])
    assert len(read_app_settings(document, account=ACCOUNT, region=REGION).targets) == 401 + 401 + 600
