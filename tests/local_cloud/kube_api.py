"""A small Kubernetes client of the local cloud, made of the standard library."""

import base64
import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class KubeApi:
    """A Kubernetes API server and the bearer token for it."""

    endpoint: str
    ca_pem: str
    token: str = field(repr=False)

    def request(
        self, method: str, path: str, body: object = None, *, content_type: str = "application/json"
    ) -> tuple[int, Any]:
        """The status and the JSON (or text) of the answer. An error status is no exception."""
        request = urllib.request.Request(
            self.endpoint + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": content_type},
        )
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cadata=self.ca_pem)),
        )
        try:
            with opener.open(request, timeout=30) as response:
                return response.status, _parse(response.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _parse(error.read())

    def create_namespace(self, name: str) -> None:
        status, answer = self.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        if status not in (HTTPStatus.CREATED, HTTPStatus.CONFLICT):
            raise RuntimeError(f"cannot create the namespace {name}: {status} {answer}")

    def make_kubeconfig(self) -> str:
        """A kubeconfig for this server and token, in JSON, which is also YAML."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": "local",
                    "cluster": {
                        "server": self.endpoint,
                        "certificate-authority-data": base64.b64encode(self.ca_pem.encode()).decode(),
                    },
                }
            ],
            "users": [{"name": "local", "user": {"token": self.token}}],
            "contexts": [{"name": "local", "context": {"cluster": "local", "user": "local"}}],
            "current-context": "local",
        }
        return json.dumps(config, indent=2)


def read_kubeconfig(path: Path) -> KubeApi:
    """The client that `KubeApi.make_kubeconfig` was written for."""
    config = json.loads(path.read_text())
    cluster = config["clusters"][0]["cluster"]
    return KubeApi(
        endpoint=cluster["server"],
        ca_pem=base64.b64decode(cluster["certificate-authority-data"]).decode(),
        token=config["users"][0]["user"]["token"],
    )


def _parse(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")
