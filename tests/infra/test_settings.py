"""Which settings the synth refuses, and with which messages."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from argo_ecr_auth_cdk import read_app_settings
from argo_ecr_auth_cdk.unresolved import check_settings
from argo_ecr_auth_settings.document import SettingsError
from argo_ecr_auth_settings.settings import Settings
from tests.infra.synthesis import ACCOUNT, REGION, REGISTRY, make_content

_ROLE = "arn:aws:iam::333333333333:role/made-by-hand"
_MOON = "222222222222.dkr.ecr.us-moon-1.amazonaws.com"
_TOPIC = "arn:aws:sns:eu-west-1:111111111111:alarms"
_KEY = "arn:aws:kms:eu-west-1:111111111111:key/12345678-90ab-cdef-1234-567890abcdef"
_EXAMPLE = Path(__file__).parents[2] / "settings.example.yaml"


def _vpc(**changes: list[str]) -> dict[str, Any]:
    return {"vpc": {"id": "vpc-11111111", "subnets": ["subnet-11111111"], **changes}}


def _target(**keys: Any) -> dict[str, Any]:
    return {"targets": [{"cluster": "demo", **keys}]}


def _credential(**keys: Any) -> dict[str, Any]:
    return {"credentials": [{"registry": REGISTRY, **keys}]}


# What is changed, the place of the only fault, and words of it. More rules: tests/unit/test_rules*.py.
_FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"check_evry": "2m"}, "check_evry", "is it check_every?"),
    (_target(regoin="eu-west-1"), "targets[0].regoin", "is it region?"),
    (_credential(registry=f"https://{REGISTRY}"), "credentials[0].registry", f"; write {REGISTRY}"),
    (_target(cluster="arn:aws:eks:eu-west-1:1:cluster/demo"), "targets[0].cluster", "not its ARN"),
    ({"renew_before": "13h"}, "renew_before", "between 10m and 6h"),
    ({"renew_before": "6 hours"}, "renew_before", "not a duration: write 6h or 1h30m, 10m to 6h"),
    ({"renew_before": ""}, "renew_before", "not a duration: write 6h or 1h30m, 10m to 6h"),
    ({"check_every": "2 minutes"}, "check_every", "write 2m or 1h, 1m to 1h in whole minutes"),
    ({"check_every": "0m"}, "check_every", "between 1m and 1h in whole minutes"),
    ({"check_every": "90s"}, "check_every", "between 1m and 1h in whole minutes"),
    ({"credentials": [{"secret_name": "a"}]}, "credentials[0].registry", "missing"),
    (_target(account=123456789012), "targets[0].account", "put it in quotes"),
    (_credential(role_arn="arn:aws:iam::1:role/r"), "credentials[0].role_arn", "The ARN of a role"),
    (_credential(role_arn=_ROLE, repositories=["a"]), "credentials[0].repositories", "does not go with role_arn"),
    (_credential(repositories=["Charts"]), "credentials[0].repositories[0]", "repository's name"),
    (
        {"targets": [{"cluster": f"c{i}", "role_arn": f"{_ROLE}-{i:04}"} for i in range(1_200)]},
        "targets",
        "do not fit into IAM's policies",
    ),
    (
        _credential(registry="444444444444.dkr.ecr.cn-north-1.amazonaws.com.cn"),
        "credentials[0].registry",
        "the partition aws-cn, the stack is in aws",
    ),
    (_target(region="us-gov-west-1"), "targets[0].region", "the partition aws-us-gov, the stack is in aws"),
    (_target(region="us-moon-1"), "targets[0].region", "not an AWS region"),
    (_credential(registry=_MOON), "credentials[0].registry", "us-moon-1 is not an AWS region"),
    (_target(role_arn=_ROLE.replace("aws", "aws-cn")), "targets[0].role_arn", "credentials do not cross"),
    (_target(account="333333333333", access="none"), "targets[0].account", "needs a role_arn there"),
    (
        {"targets": [{"cluster": f"c{i}", "region": "us-east-1"} for i in range(401)]},
        "targets",
        "other than the stack's takes at most 400",
    ),
    (
        {
            "targets": [{"cluster": f"a{i}", "account": "333333333333"} for i in range(201)]
            + [{"cluster": f"b{i}", "account": "333333333333", "region": REGION} for i in range(200)]
        },
        "targets",
        "401 clusters are in 333333333333 eu-west-1; an account or region other than",
    ),
    ({"alarm_topic_arn": _TOPIC.replace(REGION, "us-east-1")}, "alarm_topic_arn", "the stack is in eu-west-1"),
    ({"log_retention": "31d"}, "log_retention", '"31d" is not one of '),
    ({"log_key_arn": "alias/logs"}, "log_key_arn", "The ARN of a KMS key"),
    ({"log_key_arn": _KEY.replace(REGION, "us-east-1")}, "log_key_arn", "the stack is in eu-west-1"),
    ({"log_key_arn": _KEY.replace("aws", "aws-cn", 1)}, "log_key_arn", "credentials do not cross"),
    ({"alarm_email": "platform-team"}, "alarm_email", "An e-mail address"),
    ({"alarm_topic_arn": "alarms"}, "alarm_topic_arn", "The ARN of an SNS topic"),
    ({"alarm_email": "a@example.com", "alarm_topic_arn": _TOPIC}, "alarm_email", "set only one"),
    ({"alarm_email": "a@example.com", "monitoring": False}, "alarm_email", "no alarms with monitoring: false"),
    ({"vpc": {"id": "main", "subnets": ["subnet-11111111"]}}, "vpc.id", "such as vpc-"),
    (_vpc(subnets=[]), "vpc.subnets", "At least one"),
    (_vpc(subnets=["a"]), "vpc.subnets[0]", "such as subnet-"),
    ({"vpc": {"id": "vpc-11111111"}}, "vpc.subnets", "missing"),
    (_vpc(subnets=["subnet-11111111"] * 2), "vpc.subnets", "subnet-11111111 is listed twice"),
    (_vpc(security_groups=["sg-11111111"] * 2), "vpc.security_groups", "sg-11111111 is listed twice"),
    (
        _vpc(subnets=[f"subnet-{i:08}" for i in range(17)]),
        "vpc.subnets",
        "17 are too many; a function takes at most 16",
    ),
    (_vpc(security_groups=[f"sg-{i:08}" for i in range(6)]), "vpc.security_groups", "takes at most 5"),
    ({"access": "admin"}, "access", "edit-policy, least-privilege, none"),
    ({"runtime": "python3.13"}, "runtime", "unknown key"),
    ({"targets": [{}]}, "targets[0].cluster", "missing"),
    (
        {"credentials": [{"registries": [REGISTRY], "kind": "pull-secret"}]},
        "credentials[0].registries",
        "registries is registry now, which also takes a list",
    ),
    (
        _credential(namespaces=["a"]),
        "credentials[0].namespaces",
        "namespaces is namespace now, which also takes a list",
    ),
    (_credential(registry=True), "credentials[0].registry", "must be text or a list, not true"),
    (_credential(registry=[REGISTRY, None]), "credentials[0].registry[1]", "must be text, not empty"),
    (_credential(namespace={}), "credentials[0].namespace", "text or a list"),
    (_credential(namespace=["a", "B"]), "credentials[0].namespace[1]", "lower-case letters"),
    ({"installation": "Mine"}, "installation", "lower-case letters"),
    (_target(account=None, namespace="A"), "targets[0].namespace", "lower-case"),
    (_credential(secret_name="a" * 254), "credentials[0].secret_name", "most 253"),
]


def _faults(document: object) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refused:
        read_app_settings(document, account=ACCOUNT, region=REGION)
    return refused.value.faults


@pytest.mark.parametrize(("changes", "place", "allowed"), _FAULTS)
def test_a_fault_names_its_place_and_what_is_allowed(changes: dict[str, Any], place: str, allowed: str) -> None:
    (fault,) = _faults(make_content(**changes))
    assert fault.startswith(f"{place}: ")
    assert allowed in fault
    assert "(?!" not in fault  # a pattern helps no reader


_VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["a", "6h", REGISTRY])
_NAMES = "targets credentials cluster registry registries namespace vpc region account role_arn url"
_KEYS = st.text() | st.sampled_from(_NAMES.split())


@given(
    document=st.recursive(
        _VALUES, lambda parts: st.lists(parts, max_size=3) | st.dictionaries(_KEYS, parts, max_size=5), max_leaves=20
    )
)
def test_any_document_is_valid_or_refused_with_each_fault_on_one_line(document: object) -> None:
    faults: tuple[str, ...] = ()
    try:
        read_app_settings(document, account=ACCOUNT, region=REGION)
    except SettingsError as refused:
        faults = refused.faults
    assert [fault for fault in faults if "\n" in fault] == []


def test_the_example_is_valid_and_its_comments_name_every_key() -> None:
    text = _EXAMPLE.read_text()
    settings = read_app_settings(yaml.safe_load(text))
    assert settings.targets
    schema = msgspec.json.schema(Settings)
    for definition in schema["$defs"].values():
        assert [key for key in definition["properties"] if f"{key}:" not in text] == []


def test_the_comments_of_the_example_show_the_defaults() -> None:
    shown = dict(re.findall(r"^# ([a-z_]+): (\S+)$", _EXAMPLE.read_text(), flags=re.MULTILINE))
    defaults = msgspec.to_builtins(read_app_settings(make_content()))
    without_default = {"clusters", "alarm_email", "alarm_topic_arn", "log_key_arn"}
    assert {key: defaults[key] for key in shown.keys() - without_default} == {
        key: yaml.safe_load(value) for key, value in shown.items() if key not in without_default
    }


def test_settings_that_were_built_in_python_get_the_credentials_of_their_profiles() -> None:
    allowed = {"accounts": [ACCOUNT], "regions": [REGION], "clusters": ["demo"]}
    built = msgspec.convert(
        {
            "targets": [{"cluster": "demo", "profile": "base"}],
            "profiles": {"base": {"credentials": [{"registry": REGISTRY, "kind": "argo-cd"}], "allowed": allowed}},
        },
        Settings,
    )
    settings = check_settings(built, account=ACCOUNT, region=REGION)
    assert settings.targets[0].credentials == built.profiles["base"].credentials
    with pytest.raises(SettingsError, match="the profile base does not allow the region us-east-2"):
        check_settings(built, account=ACCOUNT, region="us-east-2")
