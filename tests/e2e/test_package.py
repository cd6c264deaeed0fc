"""A deployment from the files of `make package` alone: no CDK, no Node.js, no bootstrap."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local_cloud import ecr_token
from tests.local_cloud.cloud import LocalCloud
from tests.support.function import REGISTRY
from tests.support.installation import INSTALLATION, ROOT, Installation, make_tool_path

_BUCKET = "somebodys-bucket"


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """What an operator does with a package: the manifest, the upload, the stack. The account has no bootstrap."""
    folder = tmp_path_factory.mktemp("package")
    with LocalCloud(folder / "cloud") as cloud:
        cloud.begin_cluster("demo")
        package = _make_package(folder / "dist", cloud)
        cluster = cloud.finish_cluster("demo")
        installation = Installation(cloud=cloud, cluster=cluster, output=package)
        installation.apply_manifests()
        key = _read_key(package)
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket=_BUCKET)
        s3.upload_file(str(package / "function.zip"), _BUCKET, key)
        cloudformation = cloud.client("cloudformation")
        cloudformation.create_stack(
            StackName=INSTALLATION,
            TemplateBody=(package / "template.json").read_text(),
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[
                {"ParameterKey": "CodeBucket", "ParameterValue": _BUCKET},
                {"ParameterKey": "CodeKey", "ParameterValue": key},
            ],
        )
        waiter = cloudformation.get_waiter("stack_create_complete")
        waiter.wait(StackName=INSTALLATION, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
        yield installation


def test_the_schedule_makes_the_objects_and_nothing_of_cdk_is_in_the_account(installation: Installation) -> None:
    installation.wait_for_the_schedule()

    assert ":assumed-role/" in ecr_token.parse(installation.password()).caller
    stacks = installation.cloud.client("cloudformation").describe_stacks()["Stacks"]
    assert [stack["StackName"] for stack in stacks] == [INSTALLATION]


def test_a_run_finds_what_the_schedule_made(installation: Installation) -> None:
    assert [result["action"] for result in installation.invoke({}).results] == ["fresh"]


def _make_package(folder: Path, cloud: LocalCloud) -> Path:
    """Only this needs Node.js."""
    context = {"cluster": "demo", "registry": REGISTRY, "check_every": "1m", **cloud.cdk_context()}
    command = [sys.executable, "-m", "argo_ecr_auth_package", "package", f"--output={folder}"]
    command += [f"--context={key}={value}" for key, value in context.items()]
    environment = {**os.environ, **make_tool_path()}
    done = subprocess.run(command, env=environment, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def _read_key(package: Path) -> str:
    """The key that the package's README names."""
    (key,) = set(re.findall(r"argo-ecr-auth/[0-9a-f]{64}\.zip", (package / "README.md").read_text()))
    return str(key)
