"""The pipeline's workflows name the versions and the make targets that the project has."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from argo_ecr_auth_settings.runtimes import RUNTIMES
from tests.local_cloud.binaries_build import ARGO_CD, HELM
from tests.release.function_zips import ARCHITECTURES

_ROOT = Path(__file__).parents[2]
_WORKFLOWS = sorted((_ROOT / ".github" / "workflows").glob("*.yml"))
_PYTHONS = [runtime.removeprefix("python") for runtime in RUNTIMES]


def _read_jobs(name: str) -> dict[str, Any]:
    jobs = yaml.safe_load((_ROOT / ".github" / "workflows" / name).read_text())["jobs"]
    assert isinstance(jobs, dict)
    return jobs


def _list_steps() -> Iterator[dict[str, Any]]:
    for file in _WORKFLOWS:
        for job in _read_jobs(file.name).values():
            yield from job.get("steps", ())


def test_the_tests_run_on_each_python_that_the_function_may_have() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]

    assert _read_jobs("check.yml")["test"]["strategy"]["matrix"]["python"] == _PYTHONS
    assert project["requires-python"] == f">={_PYTHONS[0]}"


def test_each_other_job_has_one_of_these_pythons() -> None:
    versions = [step["with"]["python-version"] for step in _list_steps() if "setup-python" in step.get("uses", "")]

    assert set(versions) - {"${{ matrix.python }}"} <= set(_PYTHONS)
    assert "${{ matrix.python }}" in versions


def test_each_make_target_of_a_workflow_exists() -> None:
    commands = "\n".join(step.get("run", "") for step in _list_steps())
    named = set(re.findall(r"^ *make ([a-z-]+)", commands, re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):", (_ROOT / "Makefile").read_text(), re.MULTILINE))

    assert {"test", "test-argo-cd", "audit", "docs", "release-check"} <= named
    assert named <= targets


def test_a_release_attests_the_sbom_of_each_zip() -> None:
    given = [step.get("with", {}) for step in _read_jobs("release.yml")["attest"]["steps"]]
    attested = [(inputs["subject-path"], inputs["sbom-path"]) for inputs in given if "sbom-path" in inputs]

    assert attested == [
        (f"release/function-{architecture}.zip", f"release/function-{architecture}.cdx.json")
        for architecture in ARCHITECTURES
    ]


def test_argo_cd_and_helm_are_tried_in_the_versions_of_the_page() -> None:
    page = (_ROOT / "docs" / "argo-cd-versions.md").read_text()
    tried = dict.fromkeys(re.findall(r"^\| (\d+\.\d+\.\d+) \| (\d+\.\d+\.\d+) \|", page, re.MULTILINE))
    pairs = [{"argo-cd": argo_cd, "helm": helm} for argo_cd, helm in tried]
    matrix = _read_jobs("check.yml")["argo-cd"]["strategy"]["matrix"]["include"]

    assert [json.loads(listed) for listed in re.findall("'(\\[.*?])'", matrix)] == [pairs, pairs[:1]]
    assert (ARGO_CD.version, HELM.version) == (pairs[0]["argo-cd"], pairs[0]["helm"])


def test_each_file_of_pinned_packages_is_audited_and_locked() -> None:
    locked = {str(file.relative_to(_ROOT)) for file in _ROOT.glob("*/**/requirements*.txt") if _is_ours(file)}
    makefile = (_ROOT / "Makefile").read_text()
    audited = re.search(r"^REQUIREMENTS := (.*?[^\\])$", makefile, re.MULTILINE | re.DOTALL)

    assert audited is not None
    names = audited[1].replace("$(FUNCTION_REQUIREMENTS)", "lambda_src/argo_ecr_auth/requirements.txt")
    assert set(names.replace("\\\n", " ").split()) == locked


def _is_ours(file: Path) -> bool:
    return not {"node_modules", ".venv", ".venv-cloud", ".local", "cdk.out"} & set(file.relative_to(_ROOT).parts)
