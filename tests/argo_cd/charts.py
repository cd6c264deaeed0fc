"""A chart of one ConfigMap, pushed to a registry or committed to git."""

import json
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.argo_cd.assets import Assets
from tests.support.ecr import Ecr
from tests.support.function import REGISTRY

VERSION = "1.0.0"

PREFIX = f"{REGISTRY}/team"
# The chart `demo` as an Application's source, and the credential that serves all of them.
BY_HOST = {"repoURL": REGISTRY, "chart": "demo", "targetRevision": VERSION}
BY_PREFIX = {"repoURL": PREFIX, "chart": "demo", "targetRevision": VERSION}
BY_OCI_URL = {"repoURL": f"oci://{PREFIX}/demo", "path": ".", "targetRevision": VERSION}
WHOLE = {"registry": REGISTRY, "kind": "argo-cd"}


def by_prefix(prefix: str) -> dict[str, str]:
    """The source of the chart `demo` at HOST/prefix."""
    return {**BY_HOST, "repoURL": f"{REGISTRY}/{prefix}"}


# Another one in each Application, although several are in one namespace.
_CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ .Release.Name }}-{{ .Chart.Name }}"}}


def write_chart(directory: Path, name: str, **others: Any) -> Path:
    """Write a chart, in JSON, which is also YAML."""
    chart = directory / name
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text(json.dumps({"apiVersion": "v2", "name": name, "version": VERSION, **others}))
    (chart / "values.yaml").write_text("{}")  # kustomize wants it
    (chart / "templates" / "config-map.yaml").write_text(json.dumps(_CONFIG_MAP))
    return chart


def push_chart(assets: Assets, ecr: Ecr, chart: Path, *prefixes: str) -> None:
    """Push it with helm to HOST, or to HOST/PREFIX."""
    directory = chart.parent
    login = directory / "login.json"
    login.write_text(json.dumps({"auths": {REGISTRY: {"auth": ecr.issue_token()}}}))

    def helm(*arguments: str) -> None:
        environment = {"HOME": str(directory), **ecr.environment}
        done = subprocess.run(
            [assets.helm, *arguments], cwd=directory, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    # `helm package` refuses a chart whose dependencies are missing in its archive.
    with tarfile.open(directory / f"{chart.name}-{VERSION}.tgz", "w:gz") as archive:
        archive.add(chart, arcname=chart.name)
    for prefix in prefixes:
        helm("push", f"{chart.name}-{VERSION}.tgz", f"oci://{REGISTRY}{prefix}", f"--registry-config={login}")


def write_dependent_chart(directory: Path, name: str, *, depends_on: str, version: str = VERSION) -> Path:
    """Write a chart that depends on a version, or a range of versions, of the chart `demo` at a repository."""
    return write_chart(directory, name, dependencies=[{"name": "demo", "version": version, "repository": depends_on}])


def commit_charts(directory: Path, repositories: Mapping[str, str]) -> str:
    """Commit charts, each of which depends on the chart `demo` at a repository, to a git repository; its URL."""
    for name, repository in repositories.items():
        chart = write_dependent_chart(directory, name, depends_on=repository)
        # Otherwise Argo CD renders one chart of a git repository after the other.
        (chart / ".argocd-allow-concurrency").touch()
    return commit_all(directory)


def commit_all(directory: Path) -> str:
    """Commit what is in a directory to a git repository there; its URL."""
    git = ["git", "-C", str(directory), "-c", "user.name=test", "-c", "user.email=test@example.com"]
    for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message=all"]):
        subprocess.run([*git, *arguments], check=True, capture_output=True)
    return f"file://{directory}"
