"""Which keys of the CDK context are settings, and which are refused."""

import json
from pathlib import Path

import pytest
import yaml

from argo_ecr_auth_settings.context import load_context_document
from argo_ecr_auth_settings.document import SettingsError, make_fault
from argo_ecr_auth_settings.validation import validate_settings
from tests.infra.synthesis import REGISTRY, make_content

_ROOT = Path(__file__).parents[2]
_MINIMAL = {"cluster": "demo", "registry": REGISTRY}


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("check_evry", "-c check_every"),
        ("check-every", "-c check_every"),
        ("setings", "-c settings"),
        ("clusters", "-c cluster"),
        ("arch", "-c architecture"),
        ("runtime", "unknown key; the function's Python is that of the synth"),
        ("renew_before", "write renew_before into the settings file"),
        ("alarm_emial", "write alarm_email into the settings file"),
    ],
)
def test_a_key_that_looks_like_one_of_the_settings_is_refused(key: str, meant: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_context_document({**_MINIMAL, key: "x"}, default_file=Path("none.yaml"))
    (fault,) = refused.value.faults
    assert fault.startswith(f"-c {key}: ")
    assert meant in fault


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({"settings": "none.yaml"}, "there is no none.yaml: copy settings.example.yaml"),
        ({"cluster": "demo"}, "-c registry: missing"),
        ({"registry": REGISTRY}, "-c cluster: missing"),
        ({**_MINIMAL, "settings": "mine.yaml"}, "pass only one"),
        ({**_MINIMAL, "check_every": "0m"}, "-c check_every: 0m"),
    ],
)
def test_a_fault_names_its_option(context: dict[str, str], expected: str) -> None:
    with pytest.raises(SettingsError, match=expected):
        validate_settings(load_context_document(context, default_file=Path("none.yaml")))


@pytest.mark.parametrize("text", ['{"name": "mine"}', "mine", ""])
def test_a_permissions_boundary_as_text_is_refused_with_the_way_that_works(text: str) -> None:
    key = "@aws-cdk/core:permissionsBoundary"
    with pytest.raises(SettingsError, match=r"no role would get the boundary; write .* into cdk.context.json"):
        load_context_document({**_MINIMAL, key: text}, default_file=Path("none.yaml"))
    load_context_document({**_MINIMAL, key: {"name": "mine"}}, default_file=Path("none.yaml"))


def test_keys_of_cdk_and_of_other_apps_are_ignored() -> None:
    others = {
        **json.loads((_ROOT / "cdk.json").read_text())["context"],
        "aws:cdk:bundling-stacks": [],
        "aws:cdk:enable-path-metadata": True,
        "availability-zones:account=1:region=eu-west-1": [],
        "acknowledged-issue-numbers": [1],
        "cdk-migrate": False,
        "cli-telemetry": False,
        "stage": "production",
    }
    content = load_context_document({**others, **_MINIMAL}, default_file=Path("none.yaml")).content
    assert content == make_content(credentials=[{"registry": REGISTRY, "name": "ecr"}])


def test_a_fault_of_a_value_from_the_context_does_not_point_into_the_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(yaml.safe_dump(make_content(check_every="5m")))
    document = load_context_document({"check_every": "0m"}, default_file=file)
    (fault,) = document.make_error([make_fault("check_every", "0m is too short")]).faults
    assert fault == "-c check_every: 0m is too short"
