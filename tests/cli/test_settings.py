"""A settings file that is checked, and a first one that is written, with neither AWS nor CDK."""

import json

import pytest
import yaml

from argo_ecr_auth_settings.schema import format_json_schema
from tests.cli.command_line import ROOT, CommandLine
from tests.support.function import REGISTRY

_GOOD = f"credentials: [{{registry: {REGISTRY}}}]\ntargets: [{{cluster: one}}, {{cluster: two}}]\n"


def test_a_file_without_faults_is_counted(offline: CommandLine) -> None:
    (offline.directory / "mine.yaml").write_text(_GOOD)

    done = offline.run("settings", "check", "mine.yaml")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "mine.yaml: no errors (targets: 2, Secrets: 2)\n"


@pytest.mark.parametrize(
    ("keys", "warned"),
    [
        ("", False),
        ("kind: argo-cd", False),
        ("name: ecr", True),
        (f"type: oci, url: oci://{REGISTRY}/charts", True),
    ],
)
def test_what_lets_the_token_leave_is_a_warning_and_no_fault(keys: str, warned: bool, offline: CommandLine) -> None:
    credential = f"{{registry: {REGISTRY}, {keys}}}"
    (offline.directory / "settings.yaml").write_text(f"credentials: [{credential}]\ntargets: [{{cluster: one}}]\n")

    done = offline.run("settings", "check")

    assert (done.returncode, done.stdout[:25]) == (0, "settings.yaml: no errors "[:25])
    assert done.stderr.startswith("argo-ecr-auth: warning: credentials[0]: a repository ") == warned
    assert ("use kind: argo-cd for the registry instead" in done.stderr) == warned
    assert done.stderr.count("\n") == warned


@pytest.mark.parametrize(
    ("options", "code"), [((), 0), (("--region", "eu-west-1"), 0), (("--region", "cn-north-1"), 2)]
)
def test_rules_of_the_functions_region_are_checked_where_it_is_given(
    options: tuple[str, ...], code: int, offline: CommandLine
) -> None:
    (offline.directory / "settings.yaml").write_text(_GOOD)

    done = offline.run("settings", "check", *options)

    assert done.returncode == code, done.stderr
    assert ("is in the partition aws" in done.stderr) == (code == 2)


def test_a_first_file_has_no_faults_and_names_its_schema(offline: CommandLine) -> None:
    """Clusters may have names that YAML does not read as text."""
    arguments = [word for name in ("my-cluster", "true", "007") for word in ("--cluster", name)]

    done = offline.run("settings", "init", *arguments, "--registry", REGISTRY)

    assert done.returncode == 0, done.stderr
    text = (offline.directory / "settings.yaml").read_text()
    written = yaml.safe_load(text)
    assert [target["cluster"] for target in written["targets"]] == ["my-cluster", "true", "007"]
    assert written["credentials"] == [{"registry": REGISTRY, "kind": "argo-cd"}]
    assert text.startswith("# yaml-language-server: $schema=settings.schema.json\n")
    assert (offline.directory / "settings.schema.json").read_text() == format_json_schema()
    checked = offline.run("settings", "check")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout == "settings.yaml: no errors (targets: 3, Secrets: 9)\n"


def test_a_first_file_replaces_none(offline: CommandLine) -> None:
    (offline.directory / "settings.yaml").write_text("mine")

    done = offline.run("settings", "init", "--cluster", "a", "--registry", REGISTRY)

    assert (done.returncode, done.stdout) == (2, "")
    assert "settings.yaml exists: give another FILE, or edit it" in done.stderr
    assert (offline.directory / "settings.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--cluster", "a", "--registry", "docker.io"], "--registry: 'docker.io' is not the host of an ECR registry"),
        (["--cluster", "a b", "--registry", REGISTRY], '--cluster: "a b" is '),
        (["--cluster", "a", "--cluster", "a", "--registry", REGISTRY], "--cluster: 'a' is the name of"),
    ],
)
def test_a_fault_of_a_first_file_names_the_option_and_writes_nothing(
    arguments: list[str], fault: str, offline: CommandLine
) -> None:
    done = offline.run("settings", "init", *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert fault in done.stderr
    assert not (offline.directory / "settings.yaml").exists()


def test_the_schema_of_the_checkout_is_current_and_named_by_the_example() -> None:
    """`make schema` writes it."""
    assert (ROOT / "settings.schema.json").read_text() == format_json_schema()
    assert json.loads(format_json_schema())["$defs"]
    first = (ROOT / "settings.example.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=settings.schema.json"
