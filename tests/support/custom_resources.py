"""Custom resources that an API server serves as it serves those of Argo CD or External Secrets, whatever is in them."""

import time

from tests.local_cloud.kube_api import KubeApi

_SECONDS = 30


def serve_resource(admin: KubeApi, *, group: str, version: str, plural: str, kind: str) -> str:
    """Define a resource, wait until it is served, and return the path of its group and version."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    served = {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": anything}}
    names = {"plural": plural, "singular": kind.lower(), "kind": kind}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [served]}
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    status, answer = admin.request("POST", definitions, {"metadata": {"name": f"{plural}.{group}"}, "spec": spec})
    assert status == 201, answer
    path = f"/apis/{group}/{version}"
    deadline = time.monotonic() + _SECONDS
    # In the discovery, which kubectl asks, and itself.
    while plural not in str(admin.request("GET", path)[1]) or admin.request("GET", f"{path}/{plural}")[0] != 200:
        assert time.monotonic() < deadline, f"the API server does not serve {plural}"
        time.sleep(0.1)
    return path
