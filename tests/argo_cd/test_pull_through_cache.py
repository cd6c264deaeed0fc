"""A pull-through cache of ECR before the first pull: its list of tags is empty, and a tag can be pulled."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.argo_cd.application import Application
from tests.argo_cd.charts import BY_HOST, by_prefix, commit_all, write_dependent_chart
from tests.argo_cd.deployment import WHOLE_REGISTRY
from tests.argo_cd.programs import ArgoCd
from tests.support.ecr import UNCACHED
from tests.support.function import REGISTRY

_OCI_URL = f"oci://{REGISTRY}/{UNCACHED}"
_SOURCES = {
    "host": {**BY_HOST, "chart": f"{UNCACHED}/demo"},
    "prefix": by_prefix(UNCACHED),
    "oci": {"repoURL": f"{_OCI_URL}/demo", "path": "."},
}


@pytest.mark.parametrize("way", _SOURCES)
def test_a_version_is_found_and_a_range_is_not(way: str, argo_cds: Mapping[str, ArgoCd]) -> None:
    source = _SOURCES[way]
    application = Application(argo_cd=argo_cds[WHOLE_REGISTRY], name=f"uncached-{way}")

    application.create(**{**source, "targetRevision": "^1.0"})
    application.wait_for_error("version matching constraint not found in 0 tags")

    application.create(**{**source, "targetRevision": "1.0.0"})
    application.wait_until_healthy()


def test_a_dependency_is_found_by_its_version_and_not_by_a_range(
    argo_cds: Mapping[str, ArgoCd], tmp_path: Path
) -> None:
    applications = {}
    for name, version in (("range", "^1.0"), ("version", "1.0.0")):
        write_dependent_chart(tmp_path, name, depends_on=_OCI_URL, version=version)
        applications[name] = Application(argo_cd=argo_cds[WHOLE_REGISTRY], name=f"uncached-{name}")
    git = commit_all(tmp_path)
    for name, application in applications.items():
        application.create(repoURL=git, path=name, targetRevision="HEAD")

    applications["version"].wait_until_healthy()
    applications["range"].wait_for_error("nable to locate any tags in provided repository")
