"""What the function's Kubernetes user may do with the manifest that the synth writes: tried on a real API server."""

import dataclasses

from argo_ecr_auth.aws.eks_token import sign_bearer_token
from tests.local_cloud.kube_api import KubeApi
from tests.support.function import Function
from tests.support.objects import Objects

REFUSED = {
    "list the Secrets": ("GET", "/api/v1/namespaces/{namespace}/secrets"),
    "watch the Secrets": ("GET", "/api/v1/namespaces/{namespace}/secrets?watch=true&timeoutSeconds=1"),
    "list the ConfigMaps": ("GET", "/api/v1/namespaces/{namespace}/configmaps"),
    "delete its Secret": ("DELETE", "/api/v1/namespaces/{namespace}/secrets/ecr-auth"),
    "delete its ConfigMap": ("DELETE", "/api/v1/namespaces/{namespace}/configmaps/ecr-auth"),
    "replace its Secret": ("PUT", "/api/v1/namespaces/{namespace}/secrets/ecr-auth"),
    "read another Secret": ("GET", "/api/v1/namespaces/{namespace}/secrets/argocd-secret"),
    "create another Secret": ("POST", "/api/v1/namespaces/{namespace}/secrets"),
    "apply another Secret": ("PATCH", "/api/v1/namespaces/{namespace}/secrets/argocd-secret?fieldManager=x"),
    "read in another namespace": ("GET", "/api/v1/namespaces/argocd/secrets/ecr-auth"),
    "apply in another namespace": ("PATCH", "/api/v1/namespaces/argocd/secrets/ecr-auth?fieldManager=x"),
    "read another kind": ("GET", "/api/v1/namespaces/{namespace}/pods/ecr-auth"),
    "apply another kind": ("PATCH", "/api/v1/namespaces/{namespace}/services/ecr-auth?fieldManager=x"),
    "make a service account's token": ("POST", "/api/v1/namespaces/{namespace}/serviceaccounts/ecr-auth/token"),
    "widen its own Role": (
        "PATCH",
        "/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/roles/argo-ecr-auth?fieldManager=x",
    ),
    "read the namespace": ("GET", "/api/v1/namespaces/{namespace}"),
}


def test_the_function_may_read_its_two_objects_and_nothing_else(function: Function, objects: Objects) -> None:
    function.run()
    bearer = sign_bearer_token(credentials=function.sessions.credentials(), cluster="demo", region="us-east-1")
    user = dataclasses.replace(objects.admin, token=bearer)

    assert [user.request("GET", objects.path(plural))[0] for plural in ("secrets", "configmaps")] == [200, 200]

    assert {deed: status for deed in REFUSED if (status := _try(deed, user, objects.namespace)) != 403} == {}


def _try(deed: str, user: KubeApi, namespace: str) -> int:
    method, path = REFUSED[deed]
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "argocd-secret"}}
    status, _ = user.request(
        method,
        path.format(namespace=namespace),
        None if method in {"GET", "DELETE"} else body,
        content_type="application/apply-patch+yaml" if method == "PATCH" else "application/json",
    )
    return status
