"""The OCI generator of ApplicationSets, from Argo CD 3.6 on, logs in with the Secret that serves its `repoURL`."""

import time
from collections.abc import Mapping
from typing import Any

from tests.argo_cd.assets import Assets
from tests.argo_cd.charts import BY_OCI_URL, VERSION
from tests.argo_cd.playground import NAMESPACE, Playground
from tests.argo_cd.test_kinds import FORBIDDEN
from tests.support.ecr import Ecr

_SECONDS = 60
_NAME = "generated"
_API = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}"
_REFRESH = "argocd.argoproj.io/application-set-refresh"


def test_an_oci_generator_outlives_its_token(assets: Assets, playground: Playground, ecr: Ecr) -> None:
    if not assets.is_at_least(3, 6):
        # kubectl's words depend on whether the definitions' schemas are published yet.
        status, answer = _ask(playground, "POST", "applicationsets?fieldValidation=Strict", _make_application_set())
        assert status == 400, answer
        assert 'unknown field "spec.generators[0].oci"' in answer["message"]
        return
    playground.replace({"kind": "argo-cd"})
    playground.argo_cd.apply(_make_application_set())
    with playground.argo_cd.application_sets():
        _wait_for_error(playground, "")
        generated = _request(playground, "GET", "applications/templates")
        assert generated["spec"]["source"]["repoURL"] == BY_OCI_URL["repoURL"]

        ecr.end_tokens()
        _refresh(playground)
        _wait_for_error(playground, FORBIDDEN)

        playground.replace({"kind": "argo-cd"})
        _refresh(playground)
        _wait_for_error(playground, "")


def _make_application_set() -> dict[str, Any]:
    """An ApplicationSet that makes an Application for each folder of the chart, which is one: `templates`."""
    url = BY_OCI_URL["repoURL"]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": {"name": _NAME, "namespace": NAMESPACE},
        "spec": {
            "goTemplate": True,
            "generators": [{"oci": {"repoURL": url, "revision": VERSION, "directories": [{"path": "*"}]}}],
            "template": {
                "metadata": {"name": "{{.path.basename}}"},
                "spec": {
                    "project": "default",
                    "source": {"repoURL": url, "targetRevision": VERSION, "path": "{{.path.path}}"},
                    "destination": {"server": "https://kubernetes.default.svc", "namespace": NAMESPACE},
                },
            },
        },
    }


def _refresh(playground: Playground) -> None:
    # The controller leaves the annotation there after an error, and sees only a change.
    for value in (None, "true"):
        _request(playground, "PATCH", f"applicationsets/{_NAME}", {"metadata": {"annotations": {_REFRESH: value}}})


def _wait_for_error(playground: Playground, words: str) -> None:
    """Wait for an error with these words, or for none."""
    deadline = time.monotonic() + _SECONDS
    while True:
        conditions = _request(playground, "GET", f"applicationsets/{_NAME}").get("status", {}).get("conditions", [])
        states = {condition["type"]: condition for condition in conditions}
        failed = states.get("ErrorOccurred", {}).get("status")
        if words in states.get("ErrorOccurred", {}).get("message", "") if words else failed == "False":
            return
        assert time.monotonic() < deadline, f"{conditions}\n{playground.argo_cd.logs()}"
        time.sleep(0.2)


def _request(playground: Playground, method: str, path: str, body: object = None) -> Mapping[str, Any]:
    status, answer = _ask(playground, method, path, body)
    assert status == 200, answer
    return answer


def _ask(playground: Playground, method: str, path: str, body: object) -> tuple[int, Mapping[str, Any]]:
    content_type = "application/merge-patch+json" if method == "PATCH" else "application/json"
    return playground.argo_cd.cluster.admin.request(method, f"{_API}/{path}", body, content_type=content_type)
