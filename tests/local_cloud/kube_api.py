"""A small Kubernetes client of the local cloud, for an administrator who asks often."""

import base64
import json
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from urllib3 import PoolManager

_MAX_CONNECTIONS = 32  # to one API server


@dataclass(frozen=True, kw_only=True)
class KubeApi:
    """A Kubernetes API server and the bearer token for it."""

    endpoint: str
    ca_pem: str
    token: str = field(repr=False)

    def request(
        self, method: str, path: str, body: object = None, *, content_type: str = "application/json"
    ) -> tuple[int, Any]:
        """The status and the JSON (or text) of the answer. An error status is no exception.

        Raises ConnectionError if there is no answer.
        """
        import urllib3  # noqa: PLC0415 - `stop` must work where it is missing

        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": content_type}
        text = None if body is None else json.dumps(body)
        try:
            answer = _open_pool(self.ca_pem).request(method, self.endpoint + path, body=text, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise ConnectionError(f"{self.endpoint}: {error}") from error
        return answer.status, _parse(answer.data)

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


@cache
def _open_pool(ca_pem: str) -> "PoolManager":
    """Connections that are kept: to open one costs several times what a request does."""
    import urllib3  # noqa: PLC0415

    return urllib3.PoolManager(maxsize=_MAX_CONNECTIONS, ca_cert_data=ca_pem, timeout=30, retries=False)


def _parse(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")
