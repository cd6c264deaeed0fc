"""Files that are YAML and no settings, or neither: each is told in words."""

from pathlib import Path

import pytest

from argo_ecr_auth_deployment.loader import settings_document
from argo_ecr_auth_deployment.validation import SettingsError, read_settings
from tests.infra.synthesis import ACCOUNT, REGION, REGISTRY

_SOUND = f"""
targets: [{{cluster: demo}}]
credentials: [{{registry: {REGISTRY}}}]
"""

_ODD = {
    "no date": ("renew_before: 2024-13-45", ["settings.yaml has a value that is no date or number: month must be"]),
    "a date": ("renew_before: 2024-11-24", ['renew_before: "2024-11-24" is not text']),
    "a key that is a list": ("? [a]\n: 1", ["settings.yaml is not YAML: a key is no text"]),
    "a key that is a list, in braces": ("vpc: {[a]: 1}", ["settings.yaml is not YAML: a key is no text"]),
    "a key that is nothing": ("vpc: {null: 1}", ["vpc.None: unknown key", "vpc.id: ", "vpc.subnets: "]),
    "a number too long for Python": (f"check_every: {'9' * 5_000}", ["settings.yaml has a value that is no date or"]),
    "a number too long for JSON": (f"check_every: {'9' * 4_000}", ["check_every: 9999"]),
    "no number": ("check_every: .nan", ["check_every: "]),
    "a list that holds itself": ("vpc: &t [*t]", ["settings.yaml: lists or keys within each other"]),
    "nesting": (f"vpc: {'[' * 500}{']' * 500}", ["settings.yaml: lists or keys within each other"]),
    "half of a character": (r'installation: "\ud800"', ["settings.yaml: '\\ud800' is half of a character"]),
    "a line too many": ('alarm_email: "a@b.c\\n"', ["alarm_email: "]),
    "a target that is a text": ("targets: [abc]", ['targets[0]: "abc" is not keys with values']),
    "targets that are a text": ("targets: abc", ['targets: "abc" is not a list']),
    "a credential that is a text": ("credentials: [abc]", ['credentials[0]: "abc" is not keys with values']),
    "credentials that are a number": ("credentials: 5", ["credentials: 5 is not a list"]),
    "a VPC without its keys": ("vpc: {}", ["vpc.id: missing", "vpc.subnets: missing"]),
    "bytes": ("installation: !!binary aGVsbG8=", ["installation: "]),
    "a set": ("vpc: !!set {a, b}", ["vpc: "]),
}


@pytest.mark.parametrize("kind", _ODD)
def test_an_odd_file_is_refused_in_words_each_fault_once(kind: str, tmp_path: Path) -> None:
    text, said = _ODD[kind]
    key = text.partition(":")[0]
    file = tmp_path / "settings.yaml"
    sound = [line for line in _SOUND.splitlines() if not line.startswith(f"{key}:")]
    file.write_text("\n".join([*sound, text]))
    with pytest.raises(SettingsError) as refused:
        read_settings(settings_document(lambda _: None, default_file=file), account=ACCOUNT, region=REGION)
    assert len(refused.value.faults) == len(said), refused.value.faults
    for fault, begin in zip(sorted(refused.value.faults), sorted(said), strict=True):
        assert fault.startswith(begin)


def test_what_an_alias_repeats_is_no_fault(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    credentials = f"&mine [{{registry: {REGISTRY}}}]"
    file.write_text(f"targets: [{{cluster: a, credentials: {credentials}}}, {{cluster: b, credentials: *mine}}]")
    settings = read_settings(settings_document(lambda _: None, default_file=file), account=ACCOUNT, region=REGION)
    assert settings.targets[0].credentials == settings.targets[1].credentials
