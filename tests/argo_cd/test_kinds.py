"""An Application for each kind of credential: Synced, broken by the end of its token, and Synced after a renewal."""

from typing import Any

import pytest

from tests.argo_cd.application import Application
from tests.argo_cd.charts import VERSION
from tests.argo_cd.ecr import ENDED, Ecr
from tests.support.function import REGISTRY, FunctionFactory

# The credential as it is written, and the Application's source.
ROWS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "HOST with a chart": (
        {"registry": REGISTRY},
        {"repoURL": REGISTRY, "chart": "demo", "targetRevision": VERSION},
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_an_application_outlives_its_token(
    row: str, ecr: Ecr, application: Application, make_function_with: FunctionFactory
) -> None:
    credential, source = ROWS[row]
    function = make_function_with(credential)

    results = function.run()
    assert all(result.verified for result in results), results
    application.create(**source)
    application.wait_for("Synced")

    ecr.end_tokens()
    application.refresh()
    application.wait_for("Unknown")
    assert ENDED in application.error

    assert [result.action for result in function.run(force=True)] == ["renewed"]
    application.refresh()
    application.wait_for("Synced")
    assert not application.error
