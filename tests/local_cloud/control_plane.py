"""A Kubernetes control plane of one's own: a real kube-apiserver and its etcd, on free ports of 127.0.0.1.

It has RBAC, admission and an audit log, but no controllers and no nodes: a namespace that is deleted stays
terminating, a Deployment makes no pods.
"""

import json
import secrets
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import trustme

from tests.local_cloud import audit_log, binaries, kube_api, processes

ADMIN = "local-cloud-admin"
# Retries where another process took the port in between.
_ATTEMPTS = 3
_START_SECONDS = 90

User = tuple[str, Sequence[str]]


@dataclass
class ControlPlane:
    """One cluster's control plane in a directory of its own, which `stop` removes.

    `users` maps bearer tokens to a name and groups. `token_webhook` is the URL that is asked about any other token
    (a TokenReview), as EKS does with the tokens of IAM principals. `flags` are further ones for kube-apiserver.
    """

    directory: Path
    users: Mapping[str, User] = field(default_factory=dict)
    token_webhook: str | None = None
    flags: Sequence[str] = ()
    port: int = field(default=0, init=False)
    ca_pem: str = field(default="", init=False)
    admin_token: str = field(default_factory=lambda: secrets.token_urlsafe(24), init=False, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, init=False, repr=False)
    _etcd_port: int = field(default=0, init=False)
    _etcd: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _apiserver: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.directory = self.directory.resolve()
        self._processes = processes.ProcessGroup(self.directory)
        self._paths = binaries.find()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def endpoint(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def admin(self) -> kube_api.KubeApi:
        """A client in the group system:masters."""
        return kube_api.KubeApi(endpoint=self.endpoint, ca_pem=self.ca_pem, token=self.admin_token)

    def kubeconfig(self) -> str:
        return self.admin.kubeconfig()

    def start(self) -> None:
        with self._lock:
            self.directory.mkdir(parents=True, exist_ok=True)
            self._write_configuration()
            try:
                self._start_etcd()
                self._start_apiserver()
            except BaseException:
                self._processes.stop()
                raise

    def stop(self) -> None:
        """End both processes and remove the directory."""
        with self._lock:
            self.halt()
            if self._etcd is not None:
                processes.end(self._etcd)
                self._etcd = None
            self._processes.stop()
            shutil.rmtree(self.directory, ignore_errors=True)

    def halt(self) -> None:
        """End the API server alone: its port refuses connections until `restart`."""
        with self._lock:
            if self._apiserver is not None:
                processes.end(self._apiserver)
                self._apiserver = None

    def restart(self) -> None:
        """The API server anew, at the same endpoint."""
        with self._lock:
            self.halt()
            self._start_apiserver()

    def rotate_ca(self) -> None:
        """The API server anew under another authority, at the same endpoint."""
        with self._lock:
            self.halt()
            self._write_certificates()
            self._start_apiserver()

    def move(self) -> None:
        """The API server anew at another port."""
        with self._lock:
            self.halt()
            self.port = 0
            self._start_apiserver()

    def freeze(self) -> None:
        """Let the API server accept connections and answer none, until `thaw`."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def audit_events(self) -> list[dict[str, Any]]:
        return audit_log.read(self.directory / "audit.log")

    def _signal(self, number: signal.Signals) -> None:
        with self._lock:
            if self._apiserver is None:
                raise RuntimeError("the API server is not running")
            self._apiserver.send_signal(number)

    def _write_configuration(self) -> None:
        people: dict[str, User] = {**self.users, self.admin_token: (ADMIN, ("system:masters",))}
        rows = [f'{token},{name},{name},"{",".join(groups)}"' for token, (name, groups) in people.items()]
        self._write("tokens.csv", "\n".join(rows) + "\n")
        policy = {
            "apiVersion": "audit.k8s.io/v1",
            "kind": "Policy",
            "omitStages": ["RequestReceived"],
            "rules": [{"level": "Metadata"}],
        }
        self._write("audit-policy.json", json.dumps(policy))
        if self.token_webhook:
            self._write("webhook.json", _webhook_config(self.token_webhook))
        # kube-apiserver wants a key pair for service accounts, of which there are none here.
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

    def _start_etcd(self) -> None:
        self._etcd_port = processes.free_port()
        url = f"http://127.0.0.1:{self._etcd_port}"
        self._etcd = self._processes.start(
            [
                self._paths.etcd,
                f"--data-dir={self.directory}/etcd",
                f"--listen-client-urls={url}",
                f"--advertise-client-urls={url}",
                "--listen-peer-urls=http://127.0.0.1:0",
                "--unsafe-no-fsync",
                "--log-level=warn",
            ],
            log=self.directory / "etcd.log",
        )

    def _start_apiserver(self) -> None:
        keep_port = self.port != 0
        for attempt in range(_ATTEMPTS):
            self.port = self.port if keep_port else processes.free_port()
            self._apiserver = self._processes.start(self._command(), log=self.directory / "kube-apiserver.log")
            if self._becomes_ready(self._apiserver):
                return
            self.halt()
            if self._etcd is not None and self._etcd.poll() is not None:
                self._start_etcd()
            if attempt + 1 < _ATTEMPTS:
                time.sleep(0.5)
        raise RuntimeError(f"the control plane does not start; its last words:\n{self._last_words()}")

    def _becomes_ready(self, process: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            if self._etcd is None or self._etcd.poll() is not None:
                return False
            try:
                status, _ = self.admin.request("GET", "/readyz")
            except OSError:
                status = 0
            if status == HTTPStatus.OK:
                return True
            time.sleep(0.1)
        return False

    def _last_words(self) -> str:
        logs = (self.directory / "etcd.log", self.directory / "kube-apiserver.log")
        return "\n".join(line for log in logs if log.exists() for line in log.read_text().splitlines()[-5:])

    def _command(self) -> list[str | Path]:
        here = self.directory
        webhook = [
            f"--authentication-token-webhook-config-file={here}/webhook.json",
            "--authentication-token-webhook-version=v1",
            # So that a change of an access entry is seen at once.
            "--authentication-token-webhook-cache-ttl=1s",
        ]
        return [
            self._paths.kube_apiserver,
            f"--etcd-servers=http://127.0.0.1:{self._etcd_port}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self.port}",
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
            f"--audit-policy-file={here}/audit-policy.json",
            f"--audit-log-path={here}/audit.log",
            *(webhook if self.token_webhook else ()),
            *self.flags,
        ]


def _webhook_config(url: str) -> str:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "webhook", "cluster": {"server": url}}],
        "users": [{"name": "kube-apiserver", "user": {}}],
        "contexts": [{"name": "webhook", "context": {"cluster": "webhook", "user": "kube-apiserver"}}],
        "current-context": "webhook",
    }
    return json.dumps(config)
