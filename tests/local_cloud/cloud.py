"""A whole local cloud in a state directory: starting it, using it, ending it.

with LocalCloud(tmp_path / "cloud") as cloud:
    cluster = cloud.create_cluster("demo")
    role = cloud.create_role("reader", allow=["ecr:GetAuthorizationToken"])
    ecr = cloud.client("ecr", credentials=cloud.assume(role))
"""

import json
import os
import platform
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from tests.local_cloud import audit_log, binaries, kube_api, processes
from tests.local_cloud.environment import ACCOUNT, REGION, client_environment, client_settings

if TYPE_CHECKING:
    import boto3

_ROOT = Path(__file__).parents[2]
_MARKER = "local-cloud.json"
_ATTEMPTS = 3
_START_SECONDS = 60
_CLUSTER_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """An EKS cluster of a local cloud; what it is and has been asked, and what a test may do to it."""

    cloud: "LocalCloud"
    name: str
    account: str
    region: str

    @property
    def directory(self) -> Path:
        return self.cloud.state_dir / "clusters" / f"{self.account}.{self.region}.{self.name}"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's; written anew when the cluster's address or authority changes."""
        return self.directory / "kubeconfig"

    @property
    def admin(self) -> kube_api.KubeApi:
        return kube_api.from_kubeconfig(self.kubeconfig)

    @property
    def endpoint(self) -> str:
        return self.admin.endpoint

    @property
    def ca_pem(self) -> str:
        return self.admin.ca_pem

    def audit_events(self) -> list[dict[str, Any]]:
        """See `audit_log.read`."""
        return audit_log.read(self.directory / "audit.log")

    def rotate_ca(self) -> None:
        """Another authority, the same endpoint; DescribeCluster tells it from then on."""
        self._control("rotate-ca")

    def move(self) -> None:
        """Another endpoint, which DescribeCluster tells from then on; the old one refuses connections."""
        self._control("move")

    def halt(self) -> None:
        """The endpoint refuses connections, until `restart`."""
        self._control("halt")

    def restart(self) -> None:
        self._control("restart")

    def freeze(self) -> None:
        """The endpoint accepts connections and answers none, until `thaw`."""
        self._control("freeze")

    def thaw(self) -> None:
        self._control("thaw")

    def _control(self, action: str) -> None:
        self.cloud.hook(f"clusters/{self.account}/{self.region}/{self.name}/{action}")


class LocalCloud:
    """A cloud that ends with its `with` block (or with this process), unless it was started `detached`."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir.resolve()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        return int(json.loads((self.state_dir / _MARKER).read_text())["port"])

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def python(self) -> str:
        """The Python that runs functions, as `3.11`."""
        return str(json.loads(self.hook(""))["python"])

    def alive(self) -> bool:
        """Whether a cloud answers that has this state directory."""
        try:
            return bool(json.loads(self.hook(""))["state_dir"] == str(self.state_dir))
        except (OSError, ValueError, KeyError):
            return False

    def start(self, *, detached: bool = False) -> None:
        """Start it, where nothing is but perhaps what remains of a crashed one."""
        stop(self.state_dir)
        python = _ROOT / ".venv-cloud" / "bin" / "python"
        if not python.exists():
            raise FileNotFoundError("the local cloud's packages are missing: make .venv-cloud/ready")
        self.state_dir.mkdir(parents=True, mode=0o700)
        for _ in range(_ATTEMPTS):
            port = processes.free_port()
            (self.state_dir / _MARKER).write_text(json.dumps({"port": port}))
            self._process = self._launch(python, port, detached=detached)
            if self._becomes_ready(self._process):
                return
            processes.end_all(self.state_dir)
        raise RuntimeError(f"ministack does not start\n{self._last_words()}")

    def stop(self) -> None:
        """End all its processes and remove its files."""
        stop(self.state_dir)
        if self._process is not None:
            self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process = None

    def hook(self, path: str) -> str:
        request = urllib.request.Request(f"{self.endpoint_url}/_local_cloud/{path}", method="POST")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=_CLUSTER_SECONDS) as response:
                answer: bytes = response.read()
        except urllib.error.HTTPError as error:
            with error:
                raise RuntimeError(error.read().decode()) from None
        return answer.decode()

    def settings(self, *, account: str = ACCOUNT, region: str = REGION) -> dict[str, str]:
        return client_settings(self.endpoint_url, self.state_dir, account=account, region=region)

    def environment(self, *, account: str = ACCOUNT, region: str = REGION) -> dict[str, str]:
        """A whole environment for a program that is a client of this cloud."""
        return client_environment(self.settings(account=account, region=region))

    def cdk_context(self) -> dict[str, str]:
        """What a synth must know to fit this cloud's functions: its Python and its processor."""
        machine = platform.machine().lower()
        architecture = "arm64" if machine in ("arm64", "aarch64") else "x86_64"
        return {"runtime": f"python{self.python}", "architecture": architecture}

    def session(
        self,
        *,
        account: str = ACCOUNT,
        region: str = REGION,
        credentials: Mapping[str, str] | None = None,
    ) -> "boto3.Session":
        """A session as the root of an account, or with credentials of STS; it reads no environment and no files."""
        import boto3  # noqa: PLC0415 - `stop` must work where boto3 is missing
        import botocore.session  # noqa: PLC0415

        given = credentials or {"AccessKeyId": account, "SecretAccessKey": "anything"}
        nothing = (None, None, os.devnull, None)
        alone = {"profile": (None, None, None, None), "config_file": nothing, "credentials_file": nothing}
        return boto3.Session(
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given.get("SessionToken"),
            region_name=region,
            botocore_session=botocore.session.Session(session_vars=alone),
        )

    def client(
        self,
        service: str,
        *,
        account: str = ACCOUNT,
        region: str = REGION,
        credentials: Mapping[str, str] | None = None,
    ) -> Any:
        """A boto3 client for this cloud; `credentials` as `assume` answers them."""
        from botocore.config import Config  # noqa: PLC0415

        session: Any = self.session(account=account, region=region, credentials=credentials)
        return session.client(service, endpoint_url=self.endpoint_url, config=Config(proxies={}))

    def create_role(
        self,
        name: str,
        *,
        account: str = ACCOUNT,
        allow: Sequence[str] = (),
        trusted: str | None = None,
        external_id: str | None = None,
    ) -> str:
        """The ARN of a new role that may take these actions on everything; its account may assume it, or `trusted`."""
        iam = self.client("iam", account=account)
        trust: dict[str, Any] = {
            "Effect": "Allow",
            "Principal": {"AWS": trusted or f"arn:aws:iam::{account}:root"},
            "Action": "sts:AssumeRole",
        }
        if external_id:
            trust["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))["Role"]
        if allow:
            statement = {"Effect": "Allow", "Action": list(allow), "Resource": "*"}
            iam.put_role_policy(RoleName=name, PolicyName="allow", PolicyDocument=_policy(statement))
        return str(role["Arn"])

    def assume(self, role_arn: str, **parameters: str) -> dict[str, str]:
        """Credentials of a role, assumed by the root of its account."""
        sts = self.client("sts", account=role_arn.split(":")[4])
        answer = sts.assume_role(RoleArn=role_arn, RoleSessionName="test", **parameters)
        credentials: dict[str, str] = answer["Credentials"]
        return credentials

    def create_cluster(
        self,
        name: str,
        *,
        account: str = ACCOUNT,
        region: str = REGION,
        namespaces: Sequence[str] = ("argocd",),
    ) -> Cluster:
        """A new EKS cluster, ready, with these namespaces."""
        self.begin_cluster(name, account=account, region=region)
        return self.finish_cluster(name, account=account, region=region, namespaces=namespaces)

    def begin_cluster(self, name: str, *, account: str = ACCOUNT, region: str = REGION) -> None:
        """The first half of `create_cluster`, so that several can come up at once."""
        iam = self.client("iam", account=account)
        try:
            role = iam.get_role(RoleName="eks-cluster")["Role"]["Arn"]
        except iam.exceptions.NoSuchEntityException:
            trust = {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}
            role = iam.create_role(RoleName="eks-cluster", AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
        self.client("eks", account=account, region=region).create_cluster(
            name=name, roleArn=role, resourcesVpcConfig={}, accessConfig={"authenticationMode": "API"}
        )

    def finish_cluster(
        self,
        name: str,
        *,
        account: str = ACCOUNT,
        region: str = REGION,
        namespaces: Sequence[str] = ("argocd",),
    ) -> Cluster:
        eks = self.client("eks", account=account, region=region)
        deadline = time.monotonic() + _CLUSTER_SECONDS
        while (status := eks.describe_cluster(name=name)["cluster"]["status"]) != "ACTIVE":
            if status == "FAILED" or time.monotonic() > deadline:
                raise RuntimeError(f"cluster {name}: {status}\n{self._last_words()}")
            time.sleep(0.2)
        cluster = Cluster(cloud=self, name=name, account=account, region=region)
        for namespace in namespaces:
            cluster.admin.create_namespace(namespace)
        return cluster

    def cluster(self, name: str, *, account: str = ACCOUNT, region: str = REGION) -> Cluster:
        """A cluster that is there already."""
        return Cluster(cloud=self, name=name, account=account, region=region)

    def requests(self) -> list[dict[str, Any]]:
        """Every request to AWS so far: time, service, action, account, region, caller, method, host, path, status."""
        log = self.state_dir / "requests.jsonl"
        return [json.loads(line) for line in log.read_text().split("\n")[:-1]]

    def bootstrap(self, *, account: str = ACCOUNT, region: str = REGION) -> None:
        """`cdk bootstrap`, about 15 seconds."""
        done = subprocess.run(
            [_ROOT / ".venv" / "bin" / "cdk", "bootstrap", "--no-notices", f"aws://{account}/{region}"],
            # No cdk.json: the bootstrap needs no app.
            cwd=self.state_dir,
            env=self.environment(account=account, region=region),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"cdk bootstrap failed:\n{done.stdout}")

    def _last_words(self) -> str:
        return "\n".join((self.state_dir / "ministack.log").read_text().splitlines()[-20:])

    def _launch(self, python: Path, port: int, *, detached: bool) -> subprocess.Popen[bytes]:
        for directory in ("tmp", "home"):
            (self.state_dir / directory).mkdir(exist_ok=True)
        settings = {
            "PATH": os.defpath,
            "HOME": str(self.state_dir / "home"),
            "TMPDIR": str(self.state_dir / "tmp"),
            "S3_DATA_DIR": str(self.state_dir / "tmp" / "s3"),
            "STATE_DIR": str(self.state_dir / "tmp" / "state"),
            "LANG": "C.UTF-8",
            "PYTHONNOUSERSITE": "1",
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            "KUBEBUILDER_ASSETS": str(binaries.find().kubectl.parent),
        }
        with (self.state_dir / "ministack.log").open("ab") as log:
            return subprocess.Popen(
                [python, "-m", "tests.local_cloud.emulator", self.state_dir, *([] if detached else ["--attached"])],
                cwd=_ROOT,
                env=settings,
                stdin=subprocess.DEVNULL if detached else subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _becomes_ready(self, process: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            if self.alive():
                return True
            time.sleep(0.1)
        return False


def stop(state_dir: Path) -> bool:
    """End every process of a cloud and remove its files, whatever is left of it; whether anything was."""
    state_dir = state_dir.resolve()
    ended = processes.end_all(state_dir)
    if not state_dir.exists():
        return ended > 0
    if not (state_dir / _MARKER).exists() and any(state_dir.iterdir()):
        raise FileExistsError(f"{state_dir} is not a local cloud's: it is left alone")
    shutil.rmtree(state_dir)
    return True


def _policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
