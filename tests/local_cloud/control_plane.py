"""A Kubernetes control plane: a real kube-apiserver and its etcd, on free ports of 127.0.0.1.

It has RBAC, admission and an audit log, but no controllers and no nodes. A deleted namespace stays in the phase
Terminating, and a Deployment gets no pods.
"""

import json
import secrets
import shutil
import signal
import subprocess
import threading
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import trustme

from tests.local_cloud import audit_log, binaries, kube_api, processes
from tests.local_cloud.server import Server, Service

ADMIN = "local-cloud-admin"
_START_SECONDS = 90

User = tuple[str, Sequence[str]]


@dataclass
class ControlPlane(Service):
    """One cluster's control plane in its own directory, which `stop` removes.

    `users` maps bearer tokens to a name and groups. `token_webhook` is the URL that reviews any other token, as EKS
    reviews the tokens of IAM principals. `flags` are additional flags of kube-apiserver.
    """

    directory: Path
    users: Mapping[str, User] = field(default_factory=dict)
    token_webhook: str | None = None
    flags: Sequence[str] = ()
    ca_pem: str = field(default="", init=False)
    admin_token: str = field(default_factory=lambda: secrets.token_urlsafe(24), init=False, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, init=False, repr=False)

    def __post_init__(self) -> None:
        self.directory = self.directory.resolve()
        self._processes = processes.ProcessGroup(self.directory)
        self._paths = binaries.find()
        self._etcd = Server(
            title="etcd",
            log=self.directory / "etcd.log",
            launch=self._launch_etcd,
            answers=self._etcd_answers,
            seconds=_START_SECONDS,
        )
        self._apiserver = Server(
            title="kube-apiserver",
            log=self.directory / "kube-apiserver.log",
            launch=self._launch_apiserver,
            answers=self._apiserver_answers,
            seconds=_START_SECONDS,
        )

    @property
    def endpoint(self) -> str:
        return f"https://127.0.0.1:{self._apiserver.port}"

    @property
    def admin(self) -> kube_api.KubeApi:
        """A client in the group system:masters."""
        return kube_api.KubeApi(endpoint=self.endpoint, ca_pem=self.ca_pem, token=self.admin_token)

    def make_kubeconfig(self) -> str:
        return self.admin.make_kubeconfig()

    def start(self) -> None:
        with self._lock:
            self.directory.mkdir(parents=True, exist_ok=True)
            self._write_configuration()
            try:
                self._etcd.start()
                self._apiserver.start()
            except BaseException:
                self._processes.stop()
                raise

    def stop(self) -> None:
        """End both processes and remove the directory."""
        with self._lock:
            self._apiserver.end()
            self._etcd.end()
            self._processes.stop()
            shutil.rmtree(self.directory, ignore_errors=True)

    def halt(self) -> None:
        """End the API server: its port refuses connections until `restart`."""
        with self._lock:
            self._apiserver.end()

    def restart(self) -> None:
        """Start the API server again, at the same endpoint."""
        with self._lock:
            self._apiserver.end()
            self._apiserver.start(port=self._apiserver.port)

    def rotate_ca(self) -> None:
        """Start the API server again under another authority, at the same endpoint."""
        with self._lock:
            self._write_certificates()
            self.restart()

    def move(self) -> None:
        """Start the API server again, at another port."""
        with self._lock:
            self._apiserver.end()
            self._apiserver.start()

    def freeze(self) -> None:
        """Let the API server accept connections and answer none, until `thaw`."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def audit_events(self) -> list[dict[str, Any]]:
        return audit_log.read(self.directory / "audit.log")

    def _signal(self, number: signal.Signals) -> None:
        with self._lock:
            if self._apiserver.process is None:
                raise RuntimeError("the API server is not running")
            self._apiserver.process.send_signal(number)

    def _write_configuration(self) -> None:
        users: dict[str, User] = {**self.users, self.admin_token: (ADMIN, ("system:masters",))}
        rows = [f'{token},{name},{name},"{",".join(groups)}"' for token, (name, groups) in users.items()]
        self._write("tokens.csv", "\n".join(rows) + "\n")
        policy = {
            "apiVersion": "audit.k8s.io/v1",
            "kind": "Policy",
            "omitStages": ["RequestReceived"],
            "rules": [{"level": "Metadata"}],
        }
        self._write("audit-policy.json", json.dumps(policy))
        if self.token_webhook:
            self._write("webhook.json", _make_webhook_config(self.token_webhook))
        # kube-apiserver requires a key for service accounts, although there are none here.
        self._write("service-account.key", trustme.CA().private_key_pem.bytes().decode())
        self._write_certificates()

    def _write_certificates(self) -> None:
        authority = trustme.CA()
        certificate = authority.issue_cert("127.0.0.1", "localhost")
        self._write("tls.crt", "".join(pem.bytes().decode() for pem in certificate.cert_chain_pems))
        self._write("tls.key", certificate.private_key_pem.bytes().decode())
        self.ca_pem = authority.cert_pem.bytes().decode()

    def _write(self, name: str, content: str) -> None:
        path = self.directory / name
        path.touch(mode=0o600)
        path.write_text(content)

    def _launch_etcd(self, port: int) -> subprocess.Popen[bytes]:
        url = f"http://127.0.0.1:{port}"
        return self._processes.start(
            [
                self._paths.etcd,
                f"--data-dir={self.directory}/etcd",
                f"--listen-client-urls={url}",
                f"--advertise-client-urls={url}",
                "--listen-peer-urls=http://127.0.0.1:0",
                "--unsafe-no-fsync",
                "--log-level=warn",
            ],
            log=self._etcd.log,
        )

    def _etcd_answers(self) -> bool:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://127.0.0.1:{self._etcd.port}/health", timeout=5) as response:
                return bool(response.status == HTTPStatus.OK)
        except OSError:
            return False

    def _launch_apiserver(self, port: int) -> subprocess.Popen[bytes]:
        # Memory for time: collecting garbage less often is a quarter of the processor time of a start.
        environment = {"GOGC": "400"}
        return self._processes.start(
            self._make_apiserver_command(port), log=self._apiserver.log, environment=environment
        )

    def _apiserver_answers(self) -> bool:
        try:
            status, _ = self.admin.request("GET", "/readyz")
        except OSError:
            return False
        return status == HTTPStatus.OK

    def _make_apiserver_command(self, port: int) -> list[str | Path]:
        here = self.directory
        webhook = [
            f"--authentication-token-webhook-config-file={here}/webhook.json",
            "--authentication-token-webhook-version=v1",
            # A change of an access entry takes effect at once.
            "--authentication-token-webhook-cache-ttl=1s",
        ]
        return [
            self._paths.kube_apiserver,
            f"--etcd-servers=http://127.0.0.1:{self._etcd.port}",
            "--bind-address=127.0.0.1",
            f"--secure-port={port}",
            f"--cert-dir={here}/certificates",
            f"--tls-cert-file={here}/tls.crt",
            f"--tls-private-key-file={here}/tls.key",
            f"--token-auth-file={here}/tokens.csv",
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={here}/service-account.key",
            f"--service-account-signing-key-file={here}/service-account.key",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--disable-admission-plugins=ServiceAccount",
            "--enable-priority-and-fairness=false",  # a sixth of a start, for clients that compete
            f"--audit-policy-file={here}/audit-policy.json",
            f"--audit-log-path={here}/audit.log",
            *(webhook if self.token_webhook else ()),
            *self.flags,
        ]


def _make_webhook_config(url: str) -> str:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "webhook", "cluster": {"server": url}}],
        "users": [{"name": "kube-apiserver", "user": {}}],
        "contexts": [{"name": "webhook", "context": {"cluster": "webhook", "user": "kube-apiserver"}}],
        "current-context": "webhook",
    }
    return json.dumps(config)
