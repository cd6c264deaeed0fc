"""The command line as a process of its own, with nothing of this machine's AWS and no way out of it."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from tests.cli.terminal import Terminal
from tests.integration.conftest import (
    cluster,
    function,
    local_cloud,
    make_function,
    namespace,
    objects,
    role,
)
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.local_cloud.environment import CLOSED_PROXY
from tests.support.function import REGISTRY

__all__ = ["cluster", "function", "local_cloud", "make_function", "namespace", "objects", "role"]

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "argo_ecr_auth_cli"]
INSTALLATION = "argo-ecr-auth"
OPERATORS = "operators"
OPERATOR_RIGHTS = ("cloudformation:*", "ecr:GetAuthorizationToken", "eks:*", "lambda:*", "sts:*")


@dataclass(frozen=True, kw_only=True)
class CommandLine:
    """Runs `argo-ecr-auth` as an operator of the local cloud would."""

    environment: Mapping[str, str] = field(repr=False)
    directory: Path

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end, with no terminal anywhere."""
        return subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.directory,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def in_terminal(
        self, *arguments: str, columns: int = 120, environment: Mapping[str, str] | None = None
    ) -> Terminal:
        """Start it in a terminal of its own."""
        return Terminal(
            [*COMMAND, *arguments], cwd=self.directory, env={**self.environment, **(environment or {})}, columns=columns
        )

    def write_settings(self, *targets: Mapping[str, object], **others: object) -> None:
        """A settings.yaml where the commands look for it."""
        written = {"credentials": [{"registry": REGISTRY, "verify": "off"}], "targets": list(targets), **others}
        (self.directory / "settings.yaml").write_text(yaml.safe_dump(written))


def without_network(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment from which only this machine is reached: ECR's registries meet a closed door."""
    proxies = {"HTTPS_PROXY": CLOSED_PROXY, "HTTP_PROXY": CLOSED_PROXY, "NO_PROXY": "127.0.0.1"}
    lower = {name.lower(): value for name, value in proxies.items()}
    plain = {name: value for name, value in environment.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    return {**plain, **proxies, **lower, "PYTHONPATH": f"{ROOT / 'lambda_src'}", "TERM": "xterm-256color"}


@pytest.fixture(scope="session")
def operator(local_cloud: LocalCloud, cluster: Cluster) -> str:
    """A role that administers the cluster, and may look at AWS."""
    arn = local_cloud.create_role("operator", allow=OPERATOR_RIGHTS)
    admit_operator(local_cloud, cluster, arn)
    return arn


def admit_operator(cloud: LocalCloud, cluster: Cluster, operator: str) -> None:
    """Make the operator an administrator of the cluster."""
    cloud.client("eks", account=cluster.account, region=cluster.region).create_access_entry(
        clusterName=cluster.name, principalArn=operator, kubernetesGroups=[OPERATORS]
    )
    status, answer = cluster.admin.request(
        "POST",
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        {
            "metadata": {"name": OPERATORS},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": OPERATORS}],
        },
    )
    assert status == 201, answer


@pytest.fixture(scope="session")
def stack(local_cloud: LocalCloud, role: str) -> str:
    """The name of an installation's stack; its function answers a made-up result for each target that is asked for."""
    executor = local_cloud.create_role("executor")
    code = {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Handler": "index.handler",
            "Role": executor,
            "Runtime": f"python{local_cloud.python}",
            "Code": {"ZipFile": (Path(__file__).parent / "fake_function.py").read_text()},
        },
    }
    outputs = {"FunctionName": {"Value": {"Ref": "Function"}}, "FunctionRole": {"Value": role}}
    local_cloud.client("cloudformation").create_stack(
        StackName=INSTALLATION, TemplateBody=json.dumps({"Resources": {"Function": code}, "Outputs": outputs})
    )
    local_cloud.client("cloudformation").get_waiter("stack_create_complete").wait(
        StackName=INSTALLATION, WaiterConfig={"Delay": 1}
    )
    return INSTALLATION


@pytest.fixture
def command_line(local_cloud: LocalCloud, operator: str, tmp_path: Path) -> CommandLine:
    """The command line with the operator's rights."""
    return make_command_line(local_cloud, operator, directory=tmp_path)


def make_command_line(cloud: LocalCloud, role: str, *, directory: Path) -> CommandLine:
    """The command line with a role's rights."""
    credentials = cloud.assume(role)
    environment = cloud.environment() | {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
    }
    return CommandLine(environment=without_network(environment), directory=directory)
