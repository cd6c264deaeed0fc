"""The local cloud behaves as AWS and Kubernetes do, where tests depend on it."""

import base64
import json
import os
import subprocess
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest
from botocore.credentials import ReadOnlyCredentials

from argo_ecr_auth.aws.eks_token import sign_bearer_token
from tests.local_cloud import ecr_token, environment, processes
from tests.local_cloud.cloud import LocalCloud
from tests.local_cloud.cluster import Cluster
from tests.local_cloud.kube_api import KubeApi
from tests.local_cloud.registry import LoopbackClient, Registry
from tests.support.function import REGISTRY


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


def test_a_schedule_with_a_rate_starts_at_once(local_cloud: LocalCloud) -> None:
    role = local_cloud.create_role("scheduler", allow=["sqs:SendMessage"])
    sqs = local_cloud.client("sqs")
    queue = sqs.create_queue(QueueName="schedule")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    local_cloud.client("scheduler").create_schedule(
        Name="daily",
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": role, "Input": "started"},
    )

    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
    assert message["Body"] == "started"


def test_a_token_of_ecr_logs_in_as_with_the_aws_cli_and_docker(local_cloud: LocalCloud, registry: Registry) -> None:
    data = local_cloud.client("ecr").get_authorization_token()["authorizationData"][0]
    assert data["expiresAt"].timestamp() - time.time() == pytest.approx(12 * 3600, abs=10)
    # As `aws ecr get-login-password` reads it, which fails where the password has a colon.
    user, password = base64.b64decode(data["authorizationToken"]).decode().split(":")
    assert isinstance(json.loads(base64.b64decode(password, validate=True)), dict)

    registry.let_in({user: password})
    client, url = LoopbackClient({REGISTRY: registry.address}), f"https://{REGISTRY}/v2/"
    # Docker keeps the base64 of USER:PASSWORD and sends it as it is.
    headers = {"Authorization": f"Basic {data['authorizationToken']}"}
    assert client.request("GET", url, headers=headers).status == HTTPStatus.OK
    another = ecr_token.EcrToken(service="ecr", caller="", account="", region="", turn=1).password
    registry.let_in({user: another})
    assert client.request("GET", url, headers=headers).status == HTTPStatus.UNAUTHORIZED


def test_ecr_public_wants_two_permissions(local_cloud: LocalCloud) -> None:
    half = local_cloud.create_role("half", allow=["ecr-public:GetAuthorizationToken"])
    whole = local_cloud.create_role("whole", allow=["ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"])
    clients = [local_cloud.client("ecr-public", credentials=local_cloud.assume(role)) for role in (half, whole)]
    assert refusal(clients[0].get_authorization_token) == "AccessDeniedException"
    token = clients[1].get_authorization_token()["authorizationData"]["authorizationToken"]
    assert ecr_token.parse(token).service == "ecr-public"


def test_an_access_policy_is_rbac_in_its_namespace(local_cloud: LocalCloud, cluster: Cluster) -> None:
    editor, eks = local_cloud.create_role("editor"), local_cloud.client("eks")
    eks.create_access_entry(clusterName=cluster.name, principalArn=editor)
    eks.associate_access_policy(
        clusterName=cluster.name,
        principalArn=editor,
        policyArn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy",
        accessScope={"type": "namespace", "namespaces": ["argocd"]},
    )
    session = local_cloud.assume(editor)
    credentials = ReadOnlyCredentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    token = sign_bearer_token(credentials=credentials, cluster=cluster.name, region="us-east-1")
    api = KubeApi(endpoint=cluster.endpoint, ca_pem=cluster.ca_pem, token=token)
    deadline = time.monotonic() + 20
    while api.request("GET", "/api/v1/namespaces/argocd/secrets")[0] != HTTPStatus.OK:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert api.request("GET", "/api/v1/namespaces/default/secrets")[0] == HTTPStatus.FORBIDDEN


def test_a_stack_makes_changes_and_removes_an_access_entry(local_cloud: LocalCloud, cluster: Cluster) -> None:
    role, eks = local_cloud.create_role("stacked"), local_cloud.client("eks")
    formation = local_cloud.client("cloudformation")

    def template(*groups: str) -> str:
        properties = {"ClusterName": cluster.name, "PrincipalArn": role, "KubernetesGroups": groups}
        entry = {"Type": "AWS::EKS::AccessEntry", "Properties": properties}
        output = {"Value": {"Fn::GetAtt": ["Entry", "AccessEntryArn"]}}
        return json.dumps({"Resources": {"Entry": entry}, "Outputs": {"Arn": output}})

    def entry() -> Any:
        return eks.describe_access_entry(clusterName=cluster.name, principalArn=role)["accessEntry"]

    def outcome(stack: str) -> str:
        while (status := formation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]).endswith("PROGRESS"):
            time.sleep(0.1)
        return str(status)

    formation.create_stack(StackName="entry", TemplateBody=template("one"))
    assert outcome("entry") == "CREATE_COMPLETE"
    assert entry()["kubernetesGroups"] == ["one"]
    outputs = formation.describe_stacks(StackName="entry")["Stacks"][0]["Outputs"]
    assert outputs[0]["OutputValue"] == entry()["accessEntryArn"]

    formation.update_stack(StackName="entry", TemplateBody=template("two"))
    assert outcome("entry") == "UPDATE_COMPLETE"
    assert entry()["kubernetesGroups"] == ["two"]

    formation.create_stack(StackName="again", TemplateBody=template("one"))
    assert outcome("again") == "ROLLBACK_COMPLETE"
    assert entry()["kubernetesGroups"] == ["two"]

    formation.delete_stack(StackName="entry")
    formation.get_waiter("stack_delete_complete").wait(StackName="entry", WaiterConfig={"Delay": 1})
    assert refusal(entry) == "ResourceNotFoundException"
    assert refusal(lambda: formation.get_template(StackName="entry")) == "ValidationError"


def test_a_deleted_cluster_is_gone(local_cloud: LocalCloud) -> None:
    doomed = local_cloud.create_cluster("doomed", account="333333333333", region="eu-west-1", namespaces=[])
    assert processes.find(doomed.directory)
    local_cloud.client("eks", account="333333333333", region="eu-west-1").delete_cluster(name="doomed")
    assert not processes.find(doomed.directory)
    assert not doomed.directory.exists()


def test_a_shell_forgets_other_credentials(local_cloud: LocalCloud, tmp_path: Path) -> None:
    script = tmp_path / "env"
    script.write_text(environment.make_shell_script(local_cloud.settings(), paths=[Path("/some where")]))
    foreign = {
        "AWS_PROFILE": "work",
        "AWS_ENDPOINT_URL_ECR": "http://elsewhere",
        "NO_PROXY": "corp",
        "PATH": os.defpath,
    }
    shown = subprocess.run(
        ["bash", "-euc", f'source "{script}"; source "{script}"; env -0'],
        env=foreign,
        capture_output=True,
        text=True,
        check=True,
    )
    variables = dict(line.split("=", 1) for line in shown.stdout.split("\0") if line)
    assert {name for name in variables if name.startswith("AWS_")} == {
        name for name in local_cloud.settings() if name.startswith("AWS_")
    }
    assert variables["NO_PROXY"].startswith("corp,127.0.0.1")
    assert variables["PATH"] == f"/some where:{os.defpath}"
