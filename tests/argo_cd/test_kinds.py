"""An Application for each kind of credential: Synced, broken by the end of its token, and Synced after a renewal."""

from pathlib import Path
from typing import Any

import pytest

from tests.argo_cd.application import Application
from tests.argo_cd.charts import BY_HOST, BY_OCI_URL, BY_PREFIX, PREFIX, TEMPLATE, commit_chart
from tests.argo_cd.ecr import ENDED, Ecr
from tests.support.function import REGISTRY, Function, FunctionFactory

# Argo CD asks for an oci:// URL by HEAD, which has no answer in words.
FORBIDDEN = "response status code 403: Forbidden"

# The credential as it is written, the Application's source, and Argo CD's words when the token has ended.
KINDS: dict[str, tuple[dict[str, Any], dict[str, str], str]] = {
    "HOST": ({"registry": REGISTRY}, BY_HOST, ENDED),
    "HOST, a range of versions": ({"registry": REGISTRY}, {**BY_HOST, "targetRevision": "^1.0"}, ENDED),
    "HOST/prefix": ({"registry": REGISTRY, "url": PREFIX, "name": "team"}, BY_PREFIX, ENDED),
    "HOST/prefix by a template": (TEMPLATE, BY_PREFIX, ENDED),
    "oci://": ({"registry": REGISTRY, "type": "oci", "url": f"{PREFIX}/demo"}, BY_OCI_URL, FORBIDDEN),
    "oci:// by a template": (TEMPLATE, BY_OCI_URL, FORBIDDEN),
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_application_outlives_its_token(
    kind: str, ecr: Ecr, application: Application, make_function_with: FunctionFactory
) -> None:
    credential, source, words = KINDS[kind]

    assert_outlives_its_token(application, source, ecr=ecr, function=make_function_with(credential), words=words)


def test_a_chart_in_git_outlives_the_token_of_what_it_depends_on(
    ecr: Ecr, application: Application, make_function_with: FunctionFactory, tmp_path: Path
) -> None:
    repository = commit_chart(tmp_path / "charts", depends_on=f"oci://{PREFIX}")
    source = {"repoURL": repository, "path": "wrapper", "targetRevision": "HEAD"}

    assert_outlives_its_token(application, source, ecr=ecr, function=make_function_with(TEMPLATE))


def assert_outlives_its_token(
    application: Application, source: dict[str, str], *, ecr: Ecr, function: Function, words: str = ENDED
) -> None:
    results = function.run()
    assert all(result.verified for result in results), results
    application.create(**source)
    application.wait_for("Synced")

    ecr.end_tokens()
    application.refresh()
    application.wait_for("Unknown")
    application.wait_for_error(words)

    assert {result.action for result in function.run(force=True)} == {"renewed"}
    application.refresh()
    application.wait_for("Synced")
    assert not application.error
