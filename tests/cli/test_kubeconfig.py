"""How the loop reaches a cluster: by a kubeconfig, or by a pod's service account."""

import datetime as dt
import json
import stat
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest
import yaml
from kubernetes.config import incluster_config

from argo_ecr_auth.core.errors import UnauthorizedError
from argo_ecr_auth_cli.kubeconfig import Kubeconfig
from argo_ecr_auth_settings.resolve import resolve_targets
from tests.cli.command_line import CommandLine, original_flags
from tests.local_cloud.cloud import Cluster
from tests.support.function import REGISTRY, make_settings


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


def test_a_program_that_fails_is_asked_again(local: CommandLine, program: Path, namespace: str) -> None:
    broken = local.directory / "broken"
    broken.touch()
    environment = {"KUBECONFIG": str(program)}

    once = local.run("--once", *original_flags(namespace), **environment)
    flags = [*original_flags(namespace)[:-1], "--sleep-between-checks", "1"]
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

    done = local.run("--once", *original_flags(namespace), KUBECONFIG=_written(local, config))

    assert (done.returncode, done.stderr) == (0, "")


def test_a_certificate_that_is_not_checked_is_warned_about_once(
    local: CommandLine, cluster: Cluster, namespace: str
) -> None:
    config, _ = _config(cluster)
    server = config["clusters"][0]["cluster"]
    server["insecure-skip-tls-verify"] = True
    server.pop("certificate-authority-data", None)

    done = local.run("--once", *original_flags(namespace), KUBECONFIG=_written(local, config))

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
        (lambda _: "- a", "cannot reach the cluster ("),
    ],
)
def test_a_faulty_kubeconfig_is_explained_without_its_secrets(
    odd: Callable[[dict[str, Any]], object], told: str, local: CommandLine, cluster: Cluster
) -> None:
    file = _written(local, odd(_config(cluster)[0]))
    # By its short name, for a long one would fill the line before anything else is quoted.
    done = local.run("--once", *original_flags("argocd"), KUBECONFIG=Path(file).name)

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert told in done.stderr
    assert "planted" not in done.stderr


def test_a_proxy_that_python_does_not_support_is_an_error(local: CommandLine, cluster: Cluster) -> None:
    config, _ = _config(cluster)
    config["clusters"][0]["cluster"]["proxy-url"] = "socks5://127.0.0.1:9"

    environment = {"KUBECONFIG": _written(local, config), "NO_PROXY": "", "no_proxy": ""}
    done = local.run("--once", *original_flags("argocd"), **environment)

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert "PySocks" in done.stderr


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

    with pytest.raises(UnauthorizedError) as refused:
        reads.to(target).read(target.credentials[0])
    assert "401 to this pod's service account" in reads.identity.explain(refused.value)

    (tmp_path / "token").write_text(cluster.admin.token)
    monkeypatch.setattr(incluster_config, "datetime", _later)
    observed = reads.to(target).read(target.credentials[0])
    assert (observed.secret, observed.config_map) == (None, None)


class _Later(dt.datetime):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Self:
        return super().now(tz) + dt.timedelta(minutes=2)


_later = SimpleNamespace(datetime=_Later, timedelta=dt.timedelta)


def test_outside_a_pod_the_message_has_the_remedy(local: CommandLine) -> None:
    done = local.run("--once", f"--ecr-registry={REGISTRY}")

    assert done.returncode == 3
    assert "--kube-config local" in done.stderr
    assert done.stderr.count("\n") == 1
