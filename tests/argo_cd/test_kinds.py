"""An Application for each kind of credential: Synced, broken by the end of its token, and Synced after a renewal.

The app is deployed, and nothing is invoked: its schedule writes the tokens, and renews them after they have ended.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.argo_cd import versions_page
from tests.argo_cd.application import Application, refresh
from tests.argo_cd.assets import Assets
from tests.argo_cd.charts import BY_HOST, BY_OCI_URL, BY_PREFIX, PREFIX, commit_charts
from tests.argo_cd.deployment import REPOSITORIES, WHOLE_REGISTRY, Deployment
from tests.argo_cd.programs import ArgoCd
from tests.support.ecr import ENDED, Ecr

# Argo CD asks for an oci:// URL by HEAD, which has no answer in words.
FORBIDDEN = "response status code 403: Forbidden"

_SECONDS = 90


@dataclass(frozen=True, kw_only=True)
class Kind:
    """An Application's name, namespace and source, and Argo CD's words when the token has expired."""

    name: str
    namespace: str
    source: dict[str, str]
    words: str = ENDED


KINDS = {
    "HOST": Kind(name="host", namespace=WHOLE_REGISTRY, source=BY_HOST),
    "HOST, a range of versions": Kind(
        name="range", namespace=WHOLE_REGISTRY, source={**BY_HOST, "targetRevision": "^1.0"}
    ),
    "HOST/prefix": Kind(name="prefix", namespace=REPOSITORIES, source=BY_PREFIX),
    "HOST/prefix by a template": Kind(name="prefix-by-template", namespace=WHOLE_REGISTRY, source=BY_PREFIX),
    "oci://": Kind(name="oci", namespace=REPOSITORIES, source=BY_OCI_URL, words=FORBIDDEN),
    "oci:// by a template": Kind(name="oci-by-template", namespace=WHOLE_REGISTRY, source=BY_OCI_URL, words=FORBIDDEN),
    # Its repoURL is the git repository of this run.
    "a chart in git that depends on oci://HOST/prefix": Kind(
        name="git", namespace=WHOLE_REGISTRY, source={"path": "wrapper", "targetRevision": "HEAD"}
    ),
}


@dataclass(frozen=True, kw_only=True)
class Observation:
    """An Application's status, and Argo CD's words of what is wrong."""

    status: str
    error: str


@dataclass(frozen=True, kw_only=True)
class Story:
    """All Applications with their first token, after its end, and after the schedule's renewal, with its log lines."""

    at_first: dict[str, Observation]
    ended: dict[str, Observation]
    renewed: dict[str, Observation]
    renewals: list[dict[str, Any]]


@pytest.fixture(scope="module")
def story(
    argo_cds: Mapping[str, ArgoCd], deployment: Deployment, ecr: Ecr, tmp_path_factory: pytest.TempPathFactory
) -> Story:
    git = commit_charts(tmp_path_factory.mktemp("git"), {"wrapper": f"oci://{PREFIX}"})
    applications = {
        title: Application(argo_cd=argo_cds[kind.namespace], name=kind.name) for title, kind in KINDS.items()
    }
    for title, application in applications.items():
        application.create(**{"repoURL": git, **KINDS[title].source})
    at_first = _observe(applications, lambda application: application.status == "Synced")

    ecr.end_tokens()
    refresh(applications.values())
    ended = _observe(applications, lambda application: application.status == "Unknown" and application.error != "")

    writes = deployment.count_writes()
    deployment.age_tokens()
    deployment.wait_for_the_schedule()
    refresh(applications.values())
    renewed = _observe(applications, lambda application: application.status == "Synced" and not application.error)
    renewals = deployment.list_writes(after=writes)
    return Story(at_first=at_first, ended=ended, renewed=renewed, renewals=renewals)


@pytest.mark.parametrize("kind", KINDS)
def test_an_application_outlives_its_token(kind: str, story: Story) -> None:
    assert story.at_first[kind] == Observation(status="Synced", error="")
    assert story.ended[kind].status == "Unknown"
    assert KINDS[kind].words in story.ended[kind].error
    assert story.renewed[kind] == Observation(status="Synced", error="")


def test_the_page_of_versions_tells_what_this_run_saw(assets: Assets, story: Story) -> None:
    """`make argo-cd-versions` writes it."""
    rows = [
        versions_page.make_row(
            assets.version,
            title,
            helm=assets.helm_version,
            at_first=story.at_first[title].status,
            ended=story.ended[title].status,
            words=kind.words if kind.words in story.ended[title].error else story.ended[title].error,
            renewed=story.renewed[title].status,
        )
        for title, kind in KINDS.items()
    ]
    if os.environ.get("WRITE_DOCS"):
        versions_page.write_rows(assets.version, rows)

    assert versions_page.read_rows(assets.version) in ([], rows)


def test_the_schedule_renews_every_token_that_has_ended(deployment: Deployment, story: Story) -> None:
    renewals = {line["secret"]: (line["action"], line["verified"]) for line in story.renewals}

    assert renewals == {
        f"{credential.namespace}/{credential.secret_name}": ("renewed", True) for credential in deployment.credentials
    }


def _observe(applications: Mapping[str, Application], reached: Callable[[Application], bool]) -> dict[str, Observation]:
    """What is to be seen of each, as soon as all have reached this, or when the time is over."""
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline and not all(map(reached, applications.values())):
        time.sleep(0.2)
    return {title: Observation(status=each.status, error=each.error) for title, each in applications.items()}
