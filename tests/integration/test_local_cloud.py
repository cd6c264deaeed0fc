"""The local cloud behaves as AWS and Kubernetes do, where tests depend on it."""

import base64
import json
import os
import subprocess
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import pytest

from tests.local_cloud import ecr_token, environment, processes
from tests.local_cloud.cloud import LocalCloud
from tests.local_cloud.cluster import Cluster
from tests.local_cloud.control_plane import ControlPlane
from tests.local_cloud.kube_api import KubeApi
from tests.local_cloud.registry import LoopbackClient, Registry
from tests.support.function import REGISTRY

_TOKEN = ["ecr:GetAuthorizationToken"]
_REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


@pytest.fixture(scope="module")
def cluster(local_cloud: LocalCloud) -> Iterator[Cluster]:
    with local_cloud.run_cluster("real") as cluster:
        yield cluster


def bearer(credentials: dict[str, str], cluster: str, region: str = "us-east-1") -> str:
    """A token for a cluster, as `aws eks get-token` signs it."""
    signer = botocore.auth.SigV4QueryAuth(
        botocore.credentials.Credentials(
            credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"]
        ),
        "sts",
        region,
        expires=60,
    )
    request = botocore.awsrequest.AWSRequest(
        method="GET",
        url=f"https://sts.{region}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15",
        headers={"x-k8s-aws-id": cluster},
    )
    signer.add_auth(request)
    return "k8s-aws-v1." + base64.urlsafe_b64encode(str(request.url).encode()).decode().rstrip("=")


def who_am_i(cluster: Cluster, token: str) -> tuple[int, Any]:
    api = KubeApi(endpoint=cluster.endpoint, ca_pem=cluster.ca_pem, token=token)
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    status, answer = api.request("POST", _REVIEW, review)
    return status, answer["status"].get("userInfo") if status == HTTPStatus.CREATED else answer


def authorization(cloud: LocalCloud, role: str, region: str = "us-east-1") -> ecr_token.EcrToken:
    answer = cloud.client("ecr", region=region, credentials=cloud.assume(role)).get_authorization_token()
    return ecr_token.parse(answer["authorizationData"][0]["authorizationToken"])


def refusal(call: Any, **parameters: Any) -> str:
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    return str(caught.value.response["Error"]["Code"])


def test_a_role_may_do_only_what_its_policy_says(local_cloud: LocalCloud) -> None:
    role = local_cloud.create_role("powerless")
    ecr = local_cloud.client("ecr", credentials=local_cloud.assume(role))
    assert refusal(ecr.get_authorization_token) == "AccessDeniedException"


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


def test_a_role_is_assumed_with_its_external_id_alone(local_cloud: LocalCloud) -> None:
    role = local_cloud.create_role("elsewhere", account="222222222222", external_id="agreed")
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        local_cloud.assume(role)
    assert local_cloud.assume(role, ExternalId="agreed")["SessionToken"]


def test_a_token_of_ecr_tells_who_asked_where_and_when(local_cloud: LocalCloud) -> None:
    first, second = (local_cloud.create_role(name, allow=_TOKEN) for name in ("first", "second"))
    tokens = [
        authorization(local_cloud, first),
        authorization(local_cloud, first),
        authorization(local_cloud, second, "eu-central-1"),
    ]
    assert [token.caller.split("/")[1] for token in tokens] == ["first", "first", "second"]
    assert [token.region for token in tokens] == ["us-east-1", "us-east-1", "eu-central-1"]
    assert tokens[0].turn < tokens[1].turn < tokens[2].turn
    assert len({token.password for token in tokens}) == 3


def test_a_token_of_ecr_lives_twelve_hours(local_cloud: LocalCloud) -> None:
    data = local_cloud.client("ecr").get_authorization_token()["authorizationData"][0]
    assert data["expiresAt"].timestamp() - time.time() == pytest.approx(12 * 3600, abs=10)
    assert base64.b64decode(data["authorizationToken"]).startswith(b"AWS:")


def test_a_token_of_ecr_logs_in_as_with_the_aws_cli_and_docker(local_cloud: LocalCloud, registry: Registry) -> None:
    data = local_cloud.client("ecr").get_authorization_token()["authorizationData"][0]
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


def test_ecr_public_wants_two_rights(local_cloud: LocalCloud) -> None:
    half = local_cloud.create_role("half", allow=["ecr-public:GetAuthorizationToken"])
    whole = local_cloud.create_role("whole", allow=["ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"])
    clients = [local_cloud.client("ecr-public", credentials=local_cloud.assume(role)) for role in (half, whole)]
    assert refusal(clients[0].get_authorization_token) == "AccessDeniedException"
    token = clients[1].get_authorization_token()["authorizationData"]["authorizationToken"]
    assert ecr_token.parse(token).service == "ecr-public"


def test_requests_to_aws_are_logged_before_they_are_answered(local_cloud: LocalCloud) -> None:
    role = local_cloud.create_role("logged", allow=_TOKEN)
    credentials = local_cloud.assume(role)
    before = len(local_cloud.requests())
    local_cloud.client("ecr", region="eu-west-1", credentials=credentials).get_authorization_token()
    refusal(local_cloud.client("eks", credentials=credentials).describe_cluster, name="any")
    token, description = local_cloud.requests()[before:]
    wanted = {"service": "ecr", "action": "GetAuthorizationToken", "region": "eu-west-1", "status": 200}
    assert token.items() >= wanted.items()
    assert token["caller"] == "arn:aws:sts::000000000000:assumed-role/logged/test"
    assert description.items() >= {"service": "eks", "action": "DescribeCluster", "status": 403}.items()


def test_a_cluster_tells_its_address(local_cloud: LocalCloud, cluster: Cluster) -> None:
    described = local_cloud.client("eks").describe_cluster(name="real")["cluster"]
    assert described["endpoint"] == cluster.endpoint
    assert base64.b64decode(described["certificateAuthority"]["data"]).decode() == cluster.ca_pem
    assert cluster.admin.request("GET", "/api/v1/namespaces/argocd")[0] == HTTPStatus.OK


def test_a_cluster_knows_a_role_by_its_access_entry(local_cloud: LocalCloud, cluster: Cluster) -> None:
    member, stranger = (local_cloud.create_role(name) for name in ("member", "stranger"))
    local_cloud.client("eks").create_access_entry(
        clusterName="real", principalArn=member, kubernetesGroups=["argo-ecr-auth"]
    )
    status, user = who_am_i(cluster, bearer(local_cloud.assume(member), "real"))
    assert status == HTTPStatus.CREATED
    assert "argo-ecr-auth" in user["groups"]
    assert user["username"] == "arn:aws:sts::000000000000:assumed-role/member/test"
    assert who_am_i(cluster, bearer(local_cloud.assume(stranger), "real"))[0] == HTTPStatus.UNAUTHORIZED
    assert who_am_i(cluster, bearer(local_cloud.assume(member), "another"))[0] == HTTPStatus.UNAUTHORIZED


def test_an_access_policy_is_rbac_in_its_namespace(local_cloud: LocalCloud, cluster: Cluster) -> None:
    editor, eks = local_cloud.create_role("editor"), local_cloud.client("eks")
    eks.create_access_entry(clusterName="real", principalArn=editor)
    eks.associate_access_policy(
        clusterName="real",
        principalArn=editor,
        policyArn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy",
        accessScope={"type": "namespace", "namespaces": ["argocd"]},
    )
    token = bearer(local_cloud.assume(editor), "real")
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
        properties = {"ClusterName": "real", "PrincipalArn": role, "KubernetesGroups": groups}
        entry = {"Type": "AWS::EKS::AccessEntry", "Properties": properties}
        output = {"Value": {"Fn::GetAtt": ["Entry", "AccessEntryArn"]}}
        return json.dumps({"Resources": {"Entry": entry}, "Outputs": {"Arn": output}})

    def entry() -> Any:
        return eks.describe_access_entry(clusterName="real", principalArn=role)["accessEntry"]

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


def test_a_cluster_of_a_running_cloud_changes_its_authority_and_its_address(local_cloud: LocalCloud) -> None:
    with local_cloud.run_cluster("restless", namespaces=[]) as cluster:
        endpoint, ca_pem = cluster.endpoint, cluster.ca_pem
        cluster.rotate_ca()
        assert (cluster.endpoint, cluster.ca_pem == ca_pem) == (endpoint, False)
        cluster.move()
        assert cluster.endpoint != endpoint
        described = local_cloud.client("eks").describe_cluster(name="restless")["cluster"]
        assert described["endpoint"] == cluster.endpoint
        cluster.halt()
        with pytest.raises(OSError, match="refused"):
            cluster.admin.request("GET", "/version")


def test_the_audit_log_tells_every_request(control_plane: ControlPlane) -> None:
    stranger = KubeApi(endpoint=control_plane.endpoint, ca_pem=control_plane.ca_pem, token="stranger")
    status, _ = stranger.request("GET", "/api/v1/namespaces/default/secrets/coveted")
    assert status == HTTPStatus.FORBIDDEN
    # The API server's own requests stand in the log too.
    [event] = [event for event in control_plane.audit_events() if event["user"]["username"] == "stranger"]
    assert (event["verb"], event["responseStatus"]["code"]) == ("get", 403)
    wanted = {"resource": "secrets", "namespace": "default", "name": "coveted"}
    assert event["objectRef"].items() >= wanted.items()


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
