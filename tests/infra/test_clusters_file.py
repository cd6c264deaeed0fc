"""Targets may be in a file of their own, which the settings name."""

from pathlib import Path

import pytest

from argo_ecr_auth_settings.context import load_context_document
from argo_ecr_auth_settings.document import SettingsError
from argo_ecr_auth_settings.loader import load_document
from argo_ecr_auth_settings.settings import Settings
from argo_ecr_auth_settings.validation import validate_settings
from tests.infra.synthesis import ACCOUNT, REGION, REGISTRY

_SETTINGS = f"""
credentials: [{{registry: {REGISTRY}}}]
clusters: fleet/clusters.yaml
"""
_OWN = "targets: [{cluster: own, regoin: x}]\n"


def _read(folder: Path, clusters: str | None, *, settings: str = _SETTINGS) -> Settings:
    (folder / "settings.yaml").write_text(settings)
    (folder / "fleet").mkdir()
    if clusters is not None:
        (folder / "fleet/clusters.yaml").write_text(clusters)
    document = load_document(folder / "settings.yaml", remedy="write one")
    return validate_settings(document, account=ACCOUNT, region=REGION)


def _refuse(folder: Path, clusters: str | None, *, settings: str = _SETTINGS) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        _read(folder, clusters, settings=settings)
    return list(refused.value.faults)


def test_its_targets_follow_those_of_the_settings(tmp_path: Path) -> None:
    settings = _read(
        tmp_path,
        "- {cluster: a}\n- {cluster: b, account: 012345678901}\n",
        settings=f"{_SETTINGS}targets: [cluster: own]",
    )
    assert [(target.cluster, target.account) for target in settings.targets] == [
        ("own", None),
        ("a", None),
        ("b", "012345678901"),
    ]


def test_the_synth_reads_it(tmp_path: Path) -> None:
    _read(tmp_path, "- {cluster: a}\n")
    document = load_context_document({}, default_file=tmp_path / "settings.yaml")
    assert [target.cluster for target in validate_settings(document).targets] == ["a"]


def test_a_fault_points_to_the_file_line_and_column_that_has_it(tmp_path: Path) -> None:
    clusters = "- {cluster: a}\n- {cluster: b, regoin: x}\n- {cluster: a}\n"
    faults = _refuse(tmp_path, clusters, settings=_SETTINGS + _OWN)
    assert [fault.split(": ")[:2] for fault in faults] == [
        ["settings.yaml:2:15", "targets[3] with credentials[0]"],
        ["settings.yaml:4:26", "targets[0].regoin"],
        ["clusters.yaml:2:16", "targets[2].regoin"],
        ["clusters.yaml:3:3", "targets[3].name"],
    ]


@pytest.mark.parametrize(
    ("clusters", "expected"),
    [
        (None, "settings.yaml:3:1: clusters: there is no clusters.yaml: run argo-ecr-auth settings discover --write"),
        ("", "settings.yaml:3:1: targets: there is none"),
        ("# none yet", "settings.yaml:3:1: targets: there is none"),
        ("[]", "clusters.yaml:1:1: targets: there is none"),
        ("a: b", "clusters.yaml:1:1: cannot be read: not a list of targets"),
        ("- {", "clusters.yaml:1:4: cannot be read: the file ends before a { or [ is closed"),
        ("- a\n- !!binary aGVsbG8=", "clusters.yaml:2:3: cannot be read: settings have no values of the type binary"),
        ("- \x07", "clusters.yaml:1:3: cannot be read: YAML has no character U+0007"),
        (f"- {'[' * 500}{']' * 500}", "clusters.yaml: too many lists or keys within each other"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_name(
    tmp_path: Path, clusters: str | None, expected: str
) -> None:
    (fault,) = _refuse(tmp_path, clusters)
    assert fault.startswith(expected)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("clusters: 'a\\0b'", "settings.yaml:3:1: clusters: "),
        ('clusters: "a\\0b"', "settings.yaml:3:1: clusters: "),
        ("clusters: [a]", "settings.yaml:3:1: clusters: must be text"),
        ("clusters:", "settings.yaml:2:1: targets: there is none"),
        ("clusters: .", ": cannot be read: "),
        ("clusters: settings.yaml", "settings.yaml:2:1: cannot be read: not a list of targets"),
        ("clusters: fleet/clusters.yaml\ntargets: a", "settings.yaml:4:1: targets: must be a list"),
        (
            "clusters: fleet/clusters.yaml\nclusters: a",
            "settings.yaml:4:1: cannot be read: the key clusters is given twice",
        ),
    ],
)
def test_a_name_that_is_none_is_refused(tmp_path: Path, keys: str, expected: str) -> None:
    faults = _refuse(tmp_path, "[]", settings=_SETTINGS.replace("clusters: fleet/clusters.yaml", keys))
    assert any(expected in fault for fault in faults), faults
