"""The loop: a drop-in for the original in-cluster tool."""

import base64
import datetime as dt
import json
import signal
import stat
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest
import yaml
from kubernetes.config import incluster_config

from argo_ecr_auth.core.errors import SyncError
from argo_ecr_auth.core.targets import resolve_targets
from argo_ecr_auth_cli.kubeconfig import Kubeconfig
from tests.cli.conftest import CommandLine
from tests.local_cloud import ecr_token
from tests.local_cloud.cloud import Cluster
from tests.support.function import REGISTRY, make_settings
from tests.support.objects import Objects

PROFILE = "pods"
SOON = 5
"""Seconds: it takes a tenth of one, but this machine may be busy; a sleep or a call that hangs would take more."""


@pytest.fixture
def local(command_line: CommandLine, cluster: Cluster) -> CommandLine:
    """With the cluster's kubeconfig, and the AWS credentials in a profile instead of the environment."""
    files = command_line.directory / "aws"
    environment = dict(command_line.environment)
    keys = {
        "aws_access_key_id": environment.pop("AWS_ACCESS_KEY_ID"),
        "aws_secret_access_key": environment.pop("AWS_SECRET_ACCESS_KEY"),
        "aws_session_token": environment.pop("AWS_SESSION_TOKEN"),
    }
    files.write_text(f"[{PROFILE}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()))
    environment |= {"AWS_SHARED_CREDENTIALS_FILE": str(files), "KUBECONFIG": str(cluster.kubeconfig)}
    return CommandLine(environment=environment, directory=command_line.directory)


def seven(namespace: str) -> list[str]:
    """The original's invocation, with all of its flags."""
    return [
        f"--aws-profile={PROFILE}",
        "--aws-region=us-east-1",
        f"--ecr-registry={REGISTRY}",
        "--kube-config=local",
        f"--namespace={namespace}",
        "--secret-name=ecr-auth",
        "--sleep-between-checks=20",
    ]


def test_the_originals_invocation_creates_the_secret_and_sleeps_until_sigterm_ends_it_within_a_second(
    local: CommandLine, namespace: str, objects: Objects
) -> None:
    with local.in_terminal(*seven(namespace)) as terminal:
        terminal.wait_for(f"created {namespace}/ecr-auth")
        code, seconds = terminal.stop()

    token = ecr_token.parse(objects.password)
    assert (code, token.region) == (0, "us-east-1")
    assert "operator" in token.caller
    assert terminal.text.rstrip().endswith("stopped")
    assert seconds < SOON
    assert "Traceback" not in terminal.text
    assert objects.password not in terminal.raw


def test_flags_with_one_dash_are_the_same(local: CommandLine, namespace: str, objects: Objects) -> None:
    done = local.run(*(flag[1:] for flag in seven(namespace)), "--once")

    assert (done.returncode, done.stderr) == (0, "")
    assert objects.get("secrets") is not None


def test_it_looks_again_after_its_sleep_and_writes_nothing_when_nothing_is_due(
    local: CommandLine, namespace: str, objects: Objects
) -> None:
    with local.in_terminal(*seven(namespace)[:-1], "--sleep-between-checks", "1") as terminal:
        terminal.wait_for("created")
        versions = objects.versions
        terminal.wait_for("fresh")
        terminal.stop(signal.SIGINT)

    assert objects.versions == versions


def test_it_stops_in_the_middle_of_a_call_within_a_second(local: CommandLine, namespace: str, cluster: Cluster) -> None:
    with local.in_terminal(*seven(namespace)[:-1], "--sleep-between-checks", "1") as terminal:
        terminal.wait_for("fresh")
        cluster.freeze()
        try:
            _wait_for_a_call_that_hangs(terminal.process.pid)
            code, seconds = terminal.stop()
        finally:
            cluster.thaw()

    assert code == 0
    assert seconds < SOON


def _wait_for_a_call_that_hangs(pid: int) -> None:
    """A pass has a thread of its own, which a call that comes back ends soon."""
    deadline = time.monotonic() + 30
    since: float | None = None
    while since is None or time.monotonic() - since < 1.5:
        assert time.monotonic() < deadline, "no pass hangs"
        hangs = len(list(Path(f"/proc/{pid}/task").iterdir())) > 1
        since = (since or time.monotonic()) if hangs else None
        time.sleep(0.05)


def test_a_failing_pass_is_told_in_one_line_on_standard_error(local: CommandLine) -> None:
    done = local.run("--once", *seven("no-such-namespace"))

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "failed no-such-namespace/ecr-auth" in done.stderr
    assert "namespace" in done.stderr


def test_the_loop_goes_on_after_a_failing_pass(
    local: CommandLine, cluster: Cluster, namespace: str, objects: Objects
) -> None:
    name = f"later-{namespace}"
    with local.in_terminal(*seven(name)[:-1], "--sleep-between-checks", "1") as terminal:
        terminal.wait_for(f"failed {name}/ecr-auth")
        cluster.admin.create_namespace(name)
        terminal.wait_for(f"created {name}/ecr-auth")
        assert terminal.stop()[0] == 0


def test_once_in_json(local: CommandLine, namespace: str, objects: Objects) -> None:
    done = local.run("--once", "-o", "json", *seven(namespace))

    said = json.loads(done.stdout)
    assert (done.returncode, said["action"], said["secret"]) == (0, "created", f"{namespace}/ecr-auth")
    assert objects.password not in done.stdout + done.stderr


def test_the_registry_decides_the_region_and_another_one_is_warned_about(
    local: CommandLine, namespace: str, objects: Objects
) -> None:
    flags = [flag for flag in seven(namespace) if not flag.startswith("--ecr-registry")]
    done = local.run("--once", *flags, f"--ecr-registry={REGISTRY.replace('us-east-1', 'eu-west-1')}")

    assert ecr_token.parse(objects.password).region == "eu-west-1"
    assert "--aws-region us-east-1 is not used" in done.stderr


def test_an_eks_cluster_is_reached_with_ones_own_aws_credentials(
    command_line: CommandLine, cluster: Cluster, namespace: str, objects: Objects
) -> None:
    done = command_line.run(
        "--once", "--kube-config=eks", "--cluster", cluster.name, f"--namespace={namespace}", "--ecr-registry", REGISTRY
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert objects.get("secrets") is not None


def test_a_prefix_of_the_registry_is_the_secrets_url(local: CommandLine, namespace: str, objects: Objects) -> None:
    flags = [flag for flag in seven(namespace) if not flag.startswith("--ecr-registry")]

    assert local.run("--once", *flags, f"--ecr-registry={REGISTRY}/charts").returncode == 0
    assert base64.b64decode(objects.require("secrets")["data"]["url"]).decode() == f"{REGISTRY}/charts"


def _config(cluster: Cluster) -> tuple[dict[str, Any], dict[str, Any]]:
    """The cluster's kubeconfig, and its user within."""
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    return config, config["users"][0]["user"]


def _written(local: CommandLine, config: object) -> str:
    file = local.directory / "kubeconfig"
    file.write_text(config if isinstance(config, str) else yaml.safe_dump(config))
    return str(file)


@pytest.fixture
def program(local: CommandLine, cluster: Cluster) -> Path:
    """As `aws eks update-kubeconfig` writes it: a program that prints a token. The file `broken` makes it fail."""
    config, user = _config(cluster)
    answer = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": user.pop("token"), "expirationTimestamp": "2099-01-01T00:00:00Z"},
    }
    program = local.directory / "program"
    program.write_text(
        f"#!{sys.executable}\nimport pathlib, sys\n"
        "if pathlib.Path(sys.argv[0]).with_name('broken').exists(): sys.exit('its own words')\n"
        f"print({json.dumps(json.dumps(answer))})\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    user["exec"] = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": str(program),
        "interactiveMode": "Never",
    }
    return Path(_written(local, config))


def test_a_kubeconfigs_program_gives_the_token(
    local: CommandLine, program: Path, namespace: str, objects: Objects
) -> None:
    assert local.run("--once", *seven(namespace), KUBECONFIG=str(program)).returncode == 0
    assert objects.get("secrets") is not None


def test_a_program_that_fails_is_asked_again(local: CommandLine, program: Path, namespace: str) -> None:
    broken = local.directory / "broken"
    broken.touch()
    environment = {"KUBECONFIG": str(program)}

    once = local.run("--once", *seven(namespace), **environment)
    flags = [*seven(namespace)[:-1], "--sleep-between-checks", "1"]
    with local.in_terminal(*flags, environment=environment) as terminal:
        terminal.wait_for("gave neither a token nor a certificate")
        broken.unlink()
        terminal.wait_for(f"created {namespace}/ecr-auth")

    assert (once.returncode, once.stdout, once.stderr.count("\n")) == (3, "", 1)
    assert "run it by hand" in once.stderr


def test_a_tokens_file_may_end_in_a_newline(local: CommandLine, cluster: Cluster, namespace: str) -> None:
    config, user = _config(cluster)
    (local.directory / "token").write_text(user.pop("token") + "\n")
    user["tokenFile"] = str(local.directory / "token")

    done = local.run("--once", *seven(namespace), KUBECONFIG=_written(local, config))

    assert (done.returncode, done.stderr) == (0, "")


def test_a_server_whose_certificate_is_not_checked_is_told_once(
    local: CommandLine, cluster: Cluster, namespace: str
) -> None:
    config, _ = _config(cluster)
    server = config["clusters"][0]["cluster"]
    server["insecure-skip-tls-verify"] = True
    server.pop("certificate-authority-data", None)

    done = local.run("--once", *seven(namespace), KUBECONFIG=_written(local, config))

    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    assert "insecure-skip-tls-verify" in done.stderr


def _not_signed_in_yet(config: dict[str, Any]) -> dict[str, Any]:
    """With OpenID Connect, but no id-token so far."""
    provider = {"name": "oidc", "config": {"client-secret": "planted", "refresh-token": "planted"}}
    config["users"][0]["user"] = {"auth-provider": provider}
    return config


@pytest.mark.parametrize(
    ("odd", "told"),
    [
        (_not_signed_in_yet, "Expected key id-token in "),
        (lambda _: "users: [\n  token: planted", "not YAML"),
        (lambda config: {**config, "current-context": "none"}, "name none in"),
        (lambda _: "- a", "no way to the cluster ("),
    ],
)
def test_a_kubeconfig_that_leads_nowhere_is_told_without_its_secrets(
    odd: Callable[[dict[str, Any]], object], told: str, local: CommandLine, cluster: Cluster
) -> None:
    file = _written(local, odd(_config(cluster)[0]))
    # By its short name, for a long one would fill the line before anything else is quoted.
    done = local.run("--once", *seven("argocd"), KUBECONFIG=Path(file).name)

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert told in done.stderr
    assert "planted" not in done.stderr


def test_a_proxy_that_python_cannot_speak_to_is_told(local: CommandLine, cluster: Cluster) -> None:
    config, _ = _config(cluster)
    config["clusters"][0]["cluster"]["proxy-url"] = "socks5://127.0.0.1:9"

    environment = {"KUBECONFIG": _written(local, config), "NO_PROXY": "", "no_proxy": ""}
    done = local.run("--once", *seven("argocd"), **environment)

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert "PySocks" in done.stderr


def test_once_without_a_connection_is_3(local: CommandLine, cluster: Cluster) -> None:
    config, _ = _config(cluster)
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:9"

    done = local.run("--once", *seven("argocd"), KUBECONFIG=_written(local, config))

    assert (done.returncode, "does not answer" in done.stderr) == (3, True)


def test_in_a_pod_the_service_accounts_files_are_used(
    cluster: Cluster, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pod's files have a place of their own; here the loader is told another one."""
    host, _, port = cluster.endpoint.removeprefix("https://").partition(":")
    (tmp_path / "token").write_text("an older one, since replaced")
    (tmp_path / "ca.crt").write_text(cluster.ca_pem)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(tmp_path / "ca.crt"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "a read-only root has none"))
    (target,) = resolve_targets(make_settings({"cluster": "in-cluster", "namespace": namespace}), region="us-east-1")
    reads = Kubeconfig("in-cluster")

    with pytest.raises(SyncError, match="401 to this pod's service account"):
        reads.read(target, target.credentials[0])

    (tmp_path / "token").write_text(cluster.admin.token)
    monkeypatch.setattr(incluster_config, "datetime", _later)
    _, observed = reads.read(target, target.credentials[0])
    assert (observed.secret, observed.config_map) == (None, None)


class _Later(dt.datetime):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Self:
        return super().now(tz) + dt.timedelta(minutes=2)


_later = SimpleNamespace(datetime=_Later, timedelta=dt.timedelta)


def test_outside_a_pod_the_remedy_is_told(local: CommandLine) -> None:
    done = local.run("--once", f"--ecr-registry={REGISTRY}")

    assert done.returncode == 3
    assert "--kube-config local" in done.stderr
    assert done.stderr.count("\n") == 1
