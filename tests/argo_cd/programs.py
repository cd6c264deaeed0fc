"""Argo CD's repo-server and application controller, in a namespace of a cluster."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.argo_cd.assets import Assets
from tests.local_cloud import binaries, processes
from tests.local_cloud.cluster import Cluster
from tests.local_cloud.server import Server, Service

_START_SECONDS = 60
# Argo CD 3.6 runs its git-verify-wrapper.sh for each commit. No project here requires a signature.
_VERIFY_COMMIT = "#!/bin/sh\n"
_RESTARTED = ("repo-server", "controller")
_PART_OF = {"app.kubernetes.io/part-of": "argocd"}
_CONFIG_MAPS = (
    "argocd-cm",
    "argocd-cmd-params-cm",
    "argocd-gpg-keys-cm",
    "argocd-rbac-cm",
    "argocd-ssh-known-hosts-cm",
    "argocd-tls-certs-cm",
)


@dataclass(kw_only=True)
class ArgoCd(Service):
    """One installation, in its own directory, which `stop` removes.

    `environment` is what the repo-server reaches registries with, `programs` what it runs in addition to helm and git.
    """

    assets: Assets
    cluster: Cluster
    namespace: str
    directory: Path
    environment: Mapping[str, str]
    programs: Sequence[Path] = ()
    _servers: dict[str, Server] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._processes = processes.ProcessGroup(self.directory)

    def start(self) -> None:
        for name in ("tls", "ssh", "programs"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        verify = self.directory / "programs" / "git-verify-wrapper.sh"
        verify.write_text(_VERIFY_COMMIT)
        verify.chmod(0o755)
        try:
            self.apply(*_make_objects(self.namespace))
            redis = self._start("redis", self._launch_redis)
            repo_server = self._start("repo-server", lambda port: self._launch_repo_server(port, redis=redis))
            self._start("controller", lambda port: self._launch_controller(port, redis=redis, repo_server=repo_server))
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        self._end(*reversed(self._servers))
        self._servers.clear()
        self._processes.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def path(self) -> str:
        """The PATH of its programs."""
        programs = (self.assets.helm, *self.programs)
        return os.pathsep.join(map(str, (self.directory / "programs", *(file.parent for file in programs), os.defpath)))

    @contextmanager
    def down(self) -> Iterator[None]:
        """Without the repo-server and the controller until the end of the block: killed, and then started again."""
        self._end(*_RESTARTED)
        yield
        for title in _RESTARTED:
            self._servers[title].start(port=self._servers[title].port)

    @contextmanager
    def application_sets(self) -> Iterator[None]:
        """With its ApplicationSet controller until the end of the block."""
        self._start("applicationset-controller", self._launch_application_sets)
        yield
        self._end("applicationset-controller")

    def apply(self, *objects: Mapping[str, Any]) -> None:
        content = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        kubectl(self.cluster, "apply", "--server-side", "--filename=-", content=content)

    def logs(self) -> str:
        """The end of each program's log, for a failure's message."""
        return "\n".join(f"{title}:\n{server.log_tail()}" for title, server in self._servers.items())

    def _end(self, *titles: str) -> None:
        for title in titles:
            self._servers[title].end()

    def _start(self, title: str, launch: Callable[[int], subprocess.Popen[bytes]]) -> int:
        server = Server(
            title=title,
            log=self.directory / f"{title}.log",
            launch=launch,
            answers=lambda: _listens(server.port),
            seconds=_START_SECONDS,
        )
        self._servers[title] = server
        server.start()
        return server.port

    def _launch_redis(self, port: int) -> subprocess.Popen[bytes]:
        return self._processes.start([self.assets.redis, str(port)], log=self.directory / "redis.log")

    def _launch_repo_server(self, port: int, *, redis: int) -> subprocess.Popen[bytes]:
        return self._launch(
            "repo-server",
            f"--redis=127.0.0.1:{redis}",
            f"--port={port}",
            "--address=127.0.0.1",
            "--metrics-address=127.0.0.1",
            f"--metrics-port={processes.find_free_port()}",
            "--disable-tls",
            # From 3.6 on it wants clients' certificates where this is not empty.
            *(["--client-ca-path="] if self.assets.is_at_least(3, 6) else []),
            environment=self.environment,
        )

    def _launch_controller(self, port: int, *, redis: int, repo_server: int) -> subprocess.Popen[bytes]:
        # Ready when it serves its metrics.
        return self._launch(
            "application-controller",
            f"--redis=127.0.0.1:{redis}",
            f"--repo-server=127.0.0.1:{repo_server}",
            "--repo-server-plaintext",
            f"--metrics-port={port}",
            f"--namespace={self.namespace}",
            # https://kubernetes.default.svc then means the kubeconfig's cluster.
            environment={"ARGOCD_FAKE_IN_CLUSTER": "true", "KUBECONFIG": str(self.cluster.kubeconfig)},
        )

    def _launch_application_sets(self, port: int) -> subprocess.Popen[bytes]:
        other = (processes.find_free_port() for _ in range(2))
        return self._launch(
            "applicationset-controller",
            f"--argocd-repo-server=127.0.0.1:{self._servers['repo-server'].port}",
            "--repo-server-plaintext",
            f"--probe-addr=127.0.0.1:{port}",
            f"--metrics-addr=127.0.0.1:{next(other)}",
            f"--webhook-addr=127.0.0.1:{next(other)}",
            f"--namespace={self.namespace}",
            environment={"KUBECONFIG": str(self.cluster.kubeconfig)},
        )

    def _launch(self, program: str, *flags: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        return self._processes.start(
            [self.assets.argo_cd, *flags, "--loglevel=warn"],
            log=self.directory / f"{program.removeprefix('application-')}.log",
            environment={
                "ARGOCD_BINARY_NAME": f"argocd-{program}",
                "ARGOCD_GPG_ENABLED": "false",
                "ARGOCD_TLS_DATA_PATH": str(self.directory / "tls"),
                "ARGOCD_SSH_DATA_PATH": str(self.directory / "ssh"),
                "PATH": self.path,
                **environment,
            },
        )


def install_definitions(assets: Assets, cluster: Cluster) -> None:
    # On the server's side: the definitions are too large for an annotation.
    files = [f"--filename={file}" for file in sorted(assets.definitions.glob("*-crd.yaml"))]
    kubectl(cluster, "apply", "--server-side", *files)
    deadline = time.monotonic() + _START_SECONDS
    while not all(_is_served(cluster, plural) for plural in ("applications", "applicationsets", "appprojects")):
        if time.monotonic() > deadline:
            raise TimeoutError("the API server does not serve Argo CD's definitions")
        time.sleep(0.1)


def _is_served(cluster: Cluster, plural: str) -> bool:
    # Also in the discovery, which kubectl asks.
    _, found = cluster.admin.request("GET", "/apis/argoproj.io/v1alpha1")
    names = [resource["name"] for resource in found["resources"]] if "resources" in found else []
    return plural in names


def kubectl(cluster: Cluster, *arguments: str, content: str | None = None) -> None:
    environment = {"KUBECONFIG": str(cluster.kubeconfig), "PATH": os.defpath, "HOME": str(cluster.directory)}
    command = [str(binaries.find().kubectl), *arguments]
    done = subprocess.run(command, env=environment, input=content, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"kubectl {arguments[0]} failed: {done.stderr}")


def make_project(namespace: str, name: str, *, repositories: Sequence[str] = ("*",)) -> dict[str, Any]:
    """A project that may use these repositories, and deploy anywhere."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"sourceRepos": list(repositories), "destinations": [{"server": "*", "namespace": "*"}]},
    }


def _make_objects(namespace: str) -> list[dict[str, Any]]:
    """What Argo CD's own manifests would install, as far as its programs need it."""

    def make(kind: str, name: str, **content: Any) -> dict[str, Any]:
        metadata = {"name": name, "namespace": namespace, "labels": _PART_OF}
        return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **content}

    return [
        *(make("ConfigMap", name) for name in _CONFIG_MAPS),
        make("Secret", "argocd-secret", stringData={"server.secretkey": secrets.token_hex(16)}),
        make_project(namespace, "default"),
    ]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
