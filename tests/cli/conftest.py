"""Fixtures of the command line's tests: an operator, an installation's stack, and clusters to examine."""

from pathlib import Path

import pytest

from tests.cli.command_line import CREDENTIAL, PROFILE, CommandLine, make_command_line, without_network
from tests.cli.operators import OPERATOR_RIGHTS, admit_operator
from tests.cli.stacks import create_stack
from tests.integration.conftest import (
    cluster,
    local_cloud,
    make_function,
    make_function_with,
    namespace,
    objects,
    role,
)
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.support.function import REGISTRY, Function, FunctionFactory

__all__ = ["cluster", "local_cloud", "make_function", "make_function_with", "namespace", "objects", "role"]


INSTALLATION = "argo-ecr-auth"
TARGETS = (
    "abroad",
    "demo",
    "demos",
    "limited",
    "no-such-cluster",
    "not-described",
    "old-mode",
    "one",
    "private",
    "two",
)
HERE = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing", "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture(scope="package")
def operator(local_cloud: LocalCloud, cluster: Cluster) -> str:
    """A role that administers the cluster, and may look at AWS."""
    arn = local_cloud.create_role("operator", allow=OPERATOR_RIGHTS)
    admit_operator(local_cloud, cluster, arn)
    return arn


@pytest.fixture(scope="package")
def stack(local_cloud: LocalCloud, role: str) -> str:
    """The name of an installation's stack, whose schedule has all targets of these tests."""
    create_stack(local_cloud, INSTALLATION, role=role, groups=[TARGETS])
    return INSTALLATION


@pytest.fixture
def command_line(local_cloud: LocalCloud, operator: str, tmp_path: Path) -> CommandLine:
    """The command line with the operator's permissions."""
    return make_command_line(local_cloud, operator, directory=tmp_path)


@pytest.fixture
def function(make_function_with: FunctionFactory) -> Function:
    """A function with one target and one credential, in a namespace where it has its Role."""
    return make_function_with(CREDENTIAL)


@pytest.fixture
def doctor(stack: str, command_line: CommandLine, cluster: Cluster, namespace: str) -> CommandLine:
    """With settings of one target and one credential, in a namespace of its own."""
    command_line.write_settings({"cluster": cluster.name, "namespace": namespace})
    return command_line


@pytest.fixture
def fresh(doctor: CommandLine, function: Function) -> CommandLine:
    """With such settings, and the credential that the function has just written."""
    function.run()
    return doctor


@pytest.fixture
def all_of_argo_cd(doctor: CommandLine, namespace: str, make_function_with: FunctionFactory) -> CommandLine:
    """With settings of `kind: argo-cd`, and what the function writes by them."""
    credential = {"registry": REGISTRY, "verify": "off", "kind": "argo-cd"}
    make_function_with(credential).run()
    doctor.write_settings({"cluster": "demo", "namespace": namespace, "credentials": [credential]})
    return doctor


@pytest.fixture(scope="package")
def odd_clusters(local_cloud: LocalCloud, cluster: Cluster) -> None:
    """Clusters as EKS would describe them; nothing but EKS is asked about them here."""
    eks = local_cloud.client("eks")
    role = local_cloud.client("iam").get_role(RoleName="eks-cluster")["Role"]["Arn"]
    for name, network, mode in (
        ("old-mode", {}, "CONFIG_MAP"),
        ("limited", {"publicAccessCidrs": ["192.0.2.0/24"]}, "API"),
        ("private", {"endpointPublicAccess": False, "endpointPrivateAccess": True}, "API"),
    ):
        eks.create_cluster(
            name=name,
            roleArn=role,
            resourcesVpcConfig=network,
            accessConfig={"authenticationMode": mode},
            tags={"no-api-server": ""},
        )


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


@pytest.fixture
def offline(tmp_path: Path) -> CommandLine:
    """With no cloud at all: what is wrong with arguments and settings is told without one."""
    nothing = {name: str(tmp_path / "nothing") for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")}
    environment = without_network({"PATH": "/usr/bin:/bin", "AWS_REGION": "us-east-1", **HERE, **nothing})
    return CommandLine(environment=environment, directory=tmp_path)
