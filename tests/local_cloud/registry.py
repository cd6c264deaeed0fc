"""A real registry (distribution) on a free port of 127.0.0.1, with TLS and passwords; and a client that finds it.

with Registry(tmp_path / "registry", authority=trustme.CA(), hosts=[HOST], users={"AWS": "secret"}) as registry:
    http = LoopbackClient({HOST: registry.address})
"""

import json
import secrets
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import trustme
import urllib3
from urllib3.exceptions import HTTPError

from tests.local_cloud import binaries_registry, processes
from tests.local_cloud.server import Server, Service

_START_SECONDS = 30
_BCRYPT_BYTES = 72
_IMAGE_INDEX = "application/vnd.oci.image.index.v1+json"


@dataclass(frozen=True, kw_only=True)
class LoopbackAddress:
    """Where a host is on this machine: its port, the authority (PEM) of its certificate, and the certificate's name."""

    port: int
    ca_pem: str
    certificate_for: str | None = None  # by default the host that was asked for


class LoopbackClient(urllib3.PoolManager):
    """Finds the hosts that have an address on this machine, and no others. It checks certificates as usual."""

    def __init__(self, addresses: Mapping[str, LoopbackAddress]) -> None:
        super().__init__()
        self._addresses = addresses

    def connection_from_host(
        self,
        host: str | None,
        port: int | None = None,
        scheme: str | None = "http",
        pool_kwargs: dict[str, Any] | None = None,
    ) -> urllib3.HTTPConnectionPool:
        if scheme != "https" or host is None or host not in self._addresses:
            raise LookupError(f"{scheme}://{host}:{port} has no address on this machine")
        address = self._addresses[host]
        tls = {
            "server_hostname": host,
            "assert_hostname": address.certificate_for or host,
            "ca_cert_data": address.ca_pem,
        }
        return super().connection_from_host("127.0.0.1", address.port, "https", {**self.connection_pool_kw, **tls})


@dataclass
class Registry(Service):
    """A registry in its own directory, which `stop` removes; images are kept in memory.

    `authority` issues its certificate, for 127.0.0.1 and for `hosts`; `users` maps names to passwords.
    """

    directory: Path
    authority: trustme.CA = field(repr=False)
    hosts: Sequence[str] = ()
    users: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.directory = self.directory.resolve()
        self._processes = processes.ProcessGroup(self.directory)
        self._paths = binaries_registry.find()
        self._server = Server(
            title="the registry",
            log=self.directory / "registry.log",
            launch=self._launch,
            answers=self._answers,
            seconds=_START_SECONDS,
        )

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self._server.port}"

    @property
    def address(self) -> LoopbackAddress:
        return LoopbackAddress(port=self._server.port, ca_pem=self.authority.cert_pem.bytes().decode())

    def start(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        try:
            certificate = self.authority.issue_cert("127.0.0.1", *self.hosts)
            self._write("tls.crt", "".join(pem.bytes().decode() for pem in certificate.cert_chain_pems))
            self._write("tls.key", certificate.private_key_pem.bytes().decode())
            self.let_in(self.users)
            self._server.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the process and remove the directory."""
        self._server.end()
        self._processes.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def let_in(self, users: Mapping[str, str]) -> None:
        """Accept these users and no others from now on."""
        self.users = users
        self._write("htpasswd", "".join(self._make_entry(user, password) for user, password in users.items()))

    def push(self, repository: str) -> None:
        """Push an image index without images, as a user of its own."""
        users, password = self.users, secrets.token_urlsafe(24)
        self.let_in({"pusher": password})
        try:
            answer = LoopbackClient({"127.0.0.1": self.address}).request(
                "PUT",
                f"https://127.0.0.1/v2/{repository}/manifests/1.0",
                headers={**urllib3.make_headers(basic_auth=f"pusher:{password}"), "Content-Type": _IMAGE_INDEX},
                body=json.dumps({"schemaVersion": 2, "mediaType": _IMAGE_INDEX, "manifests": []}),
            )
        finally:
            self.let_in(users)
        if answer.status != HTTPStatus.CREATED:
            raise RuntimeError(f"The registry refuses a push of {repository}: {answer.status} {answer.data.decode()}")

    def _make_entry(self, user: str, password: str) -> str:
        # Bcrypt ignores the rest of a password, here and in the registry.
        compared = password.encode()[:_BCRYPT_BYTES]
        command: list[str | Path] = [self._paths.htpasswd, "-n", "-i", "-B", "-C", "4", user]
        return subprocess.run(command, input=compared, capture_output=True, check=True).stdout.decode().strip() + "\n"

    def _write(self, name: str, content: str) -> None:
        # Complete or not at all: the registry reads a file that has changed again.
        path = self.directory / f".{name}"
        path.touch(mode=0o600)
        path.write_text(content)
        path.replace(self.directory / name)

    def _launch(self, port: int) -> subprocess.Popen[bytes]:
        self._write("config.yml", self._make_configuration(port))
        return self._processes.start(
            [self._paths.registry, "serve", self.directory / "config.yml"], log=self._server.log
        )

    def _make_configuration(self, port: int) -> str:
        here = self.directory
        # JSON is also YAML.
        return json.dumps(
            {
                "version": "0.1",
                "storage": {"inmemory": {}},
                "http": {
                    "addr": f"127.0.0.1:{port}",
                    "secret": secrets.token_hex(16),
                    "tls": {"certificate": f"{here}/tls.crt", "key": f"{here}/tls.key"},
                },
                "auth": {"htpasswd": {"realm": "local cloud", "path": f"{here}/htpasswd"}},
            }
        )

    def _answers(self) -> bool:
        client = LoopbackClient({"127.0.0.1": self.address})
        try:
            return client.request("GET", "https://127.0.0.1/v2/", retries=False).status == HTTPStatus.UNAUTHORIZED
        except HTTPError:
            return False
