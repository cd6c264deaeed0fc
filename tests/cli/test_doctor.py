"""What goes wrong in practice, made to go wrong, and what `doctor` says of it.

Not provoked here: a private endpoint on a network of its own; what STS itself answers where a region is off (the answer
is made up); what ECR's registries answer (a login that is refused is made up, the rest is in test_registry_login).
"""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from argo_ecr_auth.clients.registry_login import Login, Verification
from argo_ecr_auth.clients.sessions import Sessions
from argo_ecr_auth.core.authorization_token import AuthorizationToken
from argo_ecr_auth_cli.arguments import parse
from argo_ecr_auth_cli.checks.check_context import Finding
from argo_ecr_auth_cli.commands.doctor import examined, make_contexts
from argo_ecr_auth_cli.installation import installation_of
from tests.cli.conftest import CommandLine, admit_operator
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.support.function import GROUP, REGISTRY, Function, FunctionFactory, admit, grant, make_settings
from tests.support.objects import Objects


@pytest.fixture
def doctor(stack: str, command_line: CommandLine, cluster: Cluster, namespace: str) -> CommandLine:
    """With settings of one target and one credential, in a namespace of its own."""
    command_line.write_settings({"cluster": cluster.name, "namespace": namespace})
    return command_line


Asked = list[tuple[str, AuthorizationToken, str | None]]
Examine = Callable[..., tuple[list[Finding], Asked]]


def findings(doctor: CommandLine, *arguments: str, **environment: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit code and the findings, but for what other tests leave in this cluster."""
    done = doctor.run("doctor", "-o", "json", *arguments, **environment)
    assert done.stdout, done.stderr
    found = [
        each
        for each in json.loads(done.stdout)["findings"]
        if each["finding"] != "leftover" or "theirs" in each["said"]
    ]
    return done.returncode, found


def the_only(doctor: CommandLine, *arguments: str, **environment: str) -> dict[str, Any]:
    _, found = findings(doctor, *arguments, **environment)
    assert len(found) == 1, found
    return found[0]


@pytest.fixture(scope="session")
def ward(local_cloud: LocalCloud, operator: str, role: str) -> Cluster:
    """A cluster that only the doctor's tests use, with nothing wrong in it but what they do."""
    cluster = local_cloud.create_cluster("ward")
    admit(local_cloud, cluster, role)
    admit_operator(local_cloud, cluster, operator)
    return cluster


def test_where_nothing_is_wrong_nothing_is_found(
    stack: str, command_line: CommandLine, ward: Cluster, make_function: FunctionFactory
) -> None:
    function = make_function(make_settings({"cluster": "ward"}))
    grant(ward.admin, *function.targets)
    function.run()
    command_line.write_settings({"cluster": "ward"})

    done = command_line.run("doctor")

    assert (done.returncode, done.stdout, done.stderr) == (0, "nothing is wrong with ward\n", "")


def test_it_reads_only(doctor: CommandLine, function: Function, cluster: Cluster, local_cloud: LocalCloud) -> None:
    function.run()
    events, requests = len(cluster.audit_events()), len(local_cloud.requests())

    doctor.run("doctor")

    seen = cluster.audit_events()[events:]
    assert {event["verb"] for event in seen if "operator" in event["user"]["username"]} <= {"get", "list"}
    asked = {request["action"] for request in local_cloud.requests()[requests:]}
    assert not [action for action in asked if not action.startswith(("Describe", "List", "GetCallerIdentity"))]


def test_a_missing_access_entry_and_its_group(doctor: CommandLine, function: Function, local_cloud: LocalCloud) -> None:
    function.run()
    other = local_cloud.create_role("redeployed")

    none = the_only(doctor, "--function-role", other)
    local_cloud.client("eks").create_access_entry(clusterName="demo", principalArn=other, kubernetesGroups=["else"])
    no_group = the_only(doctor, "--function-role", other)

    assert (none["finding"], no_group["finding"]) == ("no-access-entry", "no-group")
    assert f"create-access-entry --cluster-name demo --region us-east-1 --principal-arn {other}" in none["remedy"]
    assert "update-access-entry" in no_group["remedy"]
    assert no_group["remedy"].endswith(f"--kubernetes-groups else {GROUP}"), "an update replaces all of them"


def give_policy(eks: Any, principal: str, policy: str, scope: dict[str, Any]) -> None:
    """Give the principal's access entry one of EKS's own policies."""
    eks.associate_access_policy(
        clusterName="demo",
        principalArn=principal,
        policyArn=f"arn:aws:eks::aws:cluster-access-policy/{policy}",
        accessScope=scope,
    )


def test_an_access_policy_is_as_good_as_the_group(
    stack: str, command_line: CommandLine, function: Function, objects: Objects, local_cloud: LocalCloud
) -> None:
    function.run()
    other = local_cloud.create_role("editor")
    eks = local_cloud.client("eks")
    eks.create_access_entry(clusterName="demo", principalArn=other)
    give_policy(eks, other, "AmazonEKSEditPolicy", {"type": "namespace", "namespaces": [objects.namespace]})
    command_line.write_settings({"cluster": "demo", "namespace": objects.namespace}, access="edit-policy")

    assert findings(command_line, "--function-role", other)[1] == []


def test_an_entry_for_edit_policy_needs_the_policy(
    stack: str, command_line: CommandLine, function: Function, objects: Objects, local_cloud: LocalCloud
) -> None:
    """The group alone gives nothing: nobody applies a Role for it."""
    function.run()
    other = local_cloud.create_role("editor-to-be")
    eks = local_cloud.client("eks")
    place = f"--cluster-name demo --region us-east-1 --principal-arn {other}"
    associate = (
        f"aws eks associate-access-policy {place} "
        "--policy-arn arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy --access-scope "
    )
    command_line.write_settings({"cluster": "demo", "namespace": objects.namespace}, access="edit-policy")

    none = the_only(command_line, "--function-role", other)
    eks.create_access_entry(clusterName="demo", principalArn=other, kubernetesGroups=[GROUP])
    no_policy = the_only(command_line, "--function-role", other)
    give_policy(eks, other, "AmazonEKSEditPolicy", {"type": "namespace", "namespaces": ["elsewhere"]})
    too_narrow = the_only(command_line, "--function-role", other)

    namespaces = f"'type=namespace,namespaces={objects.namespace}'"
    assert none["remedy"] == f"deploy, or aws eks create-access-entry {place} && {associate}{namespaces}"
    assert (no_policy["finding"], no_policy["remedy"]) == ("no-policy", f"deploy, or {associate}{namespaces}")
    assert too_narrow["remedy"].endswith(f"namespaces=elsewhere,{objects.namespace}'")


def test_access_that_the_user_makes_is_not_ours_to_judge(
    stack: str, command_line: CommandLine, odd_clusters: None, namespace: str, local_cloud: LocalCloud
) -> None:
    """In aws-auth, or with a policy of the user's own choice."""
    admin = local_cloud.create_role("admin-of-the-user")
    eks = local_cloud.client("eks")
    eks.create_access_entry(clusterName="demo", principalArn=admin)
    give_policy(eks, admin, "AmazonEKSClusterAdminPolicy", {"type": "cluster"})

    command_line.write_settings({"cluster": "old-mode"}, access="none")
    by_config_map = {each["finding"] for each in findings(command_line)[1]}
    command_line.write_settings({"cluster": "demo", "namespace": namespace, "role_arn": admin})
    by_policy = {each["finding"] for each in findings(command_line)[1]}

    assert "authentication-mode" not in by_config_map
    assert "no-access-entry" not in by_config_map
    assert by_policy == {"not-kept-fresh"}


def test_a_disabled_target_is_examined_only_by_name(doctor: CommandLine, function: Function, namespace: str) -> None:
    function.run()
    doctor.write_settings({"cluster": "demo", "namespace": namespace}, {"cluster": "asleep", "enabled": False})

    assert findings(doctor)[1] == []
    assert the_only(doctor, "asleep")["finding"] == "no-such-cluster"


def test_a_remedy_speaks_of_the_same_installation(doctor: CommandLine) -> None:
    found = {each["finding"]: each["remedy"] for each in findings(doctor, "--settings", "settings.yaml")[1]}

    assert found["no-role"] == "argo-ecr-auth rbac demo --settings settings.yaml | kubectl apply -f -"
    assert found["not-kept-fresh"].startswith("argo-ecr-auth invoke demo --settings settings.yaml tells why")


def test_an_unknown_function_role_is_told_and_the_rest_is_looked_at(doctor: CommandLine, function: Function) -> None:
    function.run()

    done = doctor.run("doctor", "-o", "json", "--installation", "another")

    said = [each for each in json.loads(done.stdout)["findings"] if each["finding"] != "leftover"]
    assert [each["finding"] for each in said] == ["unseen", "no-role", "no-role-binding"]
    assert "--function-role" in said[0]["remedy"]
    assert "no stack another" in done.stderr


@pytest.fixture(scope="session")
def odd_clusters(local_cloud: LocalCloud, ward: Cluster) -> None:
    """Clusters as EKS would describe them; nothing but EKS is asked about them here."""
    eks = local_cloud.client("eks")
    role = local_cloud.client("iam").get_role(RoleName="eks-cluster")["Role"]["Arn"]
    for name, network, mode in (
        ("old-mode", {}, "CONFIG_MAP"),
        ("limited", {"publicAccessCidrs": ["192.0.2.0/24"]}, "API"),
        ("private", {"endpointPublicAccess": False, "endpointPrivateAccess": True}, "API"),
    ):
        eks.create_cluster(
            name=name, roleArn=role, resourcesVpcConfig=network, accessConfig={"authenticationMode": mode}
        )


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("old-mode", ("authentication-mode", "authenticationMode=API_AND_CONFIG_MAP")),
        ("limited", ("limited-endpoint", "settings: vpc")),
        ("private", ("private-endpoint", "settings: vpc")),
    ],
)
def test_a_cluster_that_the_function_cannot_enter(
    name: str, told: tuple[str, str], stack: str, command_line: CommandLine, odd_clusters: None
) -> None:
    command_line.write_settings({"cluster": name})
    code, found = findings(command_line)

    (remedy,) = (each["remedy"] for each in found if each["finding"] == told[0])
    assert code == 1
    assert told[1] in remedy


def test_a_function_in_a_vpc_may_reach_such_an_endpoint(
    stack: str, command_line: CommandLine, odd_clusters: None
) -> None:
    command_line.write_settings({"cluster": "private"}, vpc={"id": "vpc-0123abcd", "subnets": ["subnet-0123abcd"]})

    assert "private-endpoint" not in [each["finding"] for each in findings(command_line)[1]]


def test_a_wrong_cluster_name_is_told_with_the_near_ones(stack: str, command_line: CommandLine, ward: Cluster) -> None:
    command_line.write_settings({"cluster": "wards"})

    found = the_only(command_line)

    assert found["finding"] == "no-such-cluster"
    assert "did you mean ward?" in found["remedy"]


def test_a_cluster_that_cannot_be_described_is_not_judged_by_its_entry(
    stack: str, command_line: CommandLine, cluster: Cluster
) -> None:
    fixed = {"endpoint": cluster.endpoint, "certificate_authority": base64.b64encode(cluster.ca_pem.encode()).decode()}
    command_line.write_settings({"cluster": "not-described", **fixed})

    code, found = findings(command_line)

    assert (code, {each["finding"] for each in found}) == (3, {"unseen"})


def test_a_missing_namespace(stack: str, command_line: CommandLine, ward: Cluster) -> None:
    command_line.write_settings({"cluster": "ward", "namespace": "no-such-namespace"})

    found = {each["finding"]: each["remedy"] for each in findings(command_line)[1]}

    assert "kubectl create namespace no-such-namespace" in found["no-namespace"]
    assert "no-role" not in found


def test_a_missing_role_and_role_binding(doctor: CommandLine) -> None:
    found = {each["finding"]: each for each in findings(doctor)[1]}

    assert set(found) == {"no-role", "no-role-binding", "not-kept-fresh"}
    assert found["no-role"]["remedy"] == "argo-ecr-auth rbac demo | kubectl apply -f -"


def test_a_role_without_a_name_that_the_settings_have_since(
    stack: str, command_line: CommandLine, function: Function, objects: Objects
) -> None:
    function.run()
    credentials = [{"registry": REGISTRY, "secret_name": "another", "verify": "off"}]
    command_line.write_settings({"cluster": "demo", "namespace": objects.namespace, "credentials": credentials})

    found = {each["finding"]: each["said"] for each in findings(command_line)[1]}

    assert "does not allow to get secrets another" in found["no-role"]


def test_a_role_binding_of_another_group(doctor: CommandLine, function: Function, objects: Objects) -> None:
    function.run()
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{objects.namespace}/rolebindings/{GROUP}"
    binding = objects.admin.request("GET", path)[1]
    binding["subjects"][0]["name"] = "another"
    assert objects.admin.request("PUT", path, binding)[0] == 200

    assert the_only(doctor)["said"].endswith("does not bind the group to the Role")


def _sts_is_off(handler: BaseHTTPRequestHandler) -> None:
    body = (
        b'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        b"<Code>RegionDisabledException</Code><Message>STS is not activated</Message></Error></ErrorResponse>"
    )
    handler.send_response(403)
    handler.send_header("Content-Type", "text/xml")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def _server(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_region_where_sts_is_off(doctor: CommandLine, function: Function) -> None:
    function.run()
    with _server(_sts_is_off) as url:
        found = the_only(doctor, AWS_ENDPOINT_URL_STS=url)

    assert found["finding"] == "sts-region"
    assert "RegionDisabledException" in found["said"]
    assert "Account settings" in found["remedy"]


def test_a_right_that_is_missing_hides_nothing_else(
    doctor: CommandLine, function: Function, local_cloud: LocalCloud
) -> None:
    function.run()
    keys = local_cloud.assume(
        local_cloud.create_role("describer", allow=["eks:DescribeCluster", "cloudformation:DescribeStacks"])
    )
    with _server(_sts_is_off) as url:
        _, found = findings(
            doctor,
            AWS_ENDPOINT_URL_STS=url,
            AWS_ACCESS_KEY_ID=keys["AccessKeyId"],
            AWS_SECRET_ACCESS_KEY=keys["SecretAccessKey"],
            AWS_SESSION_TOKEN=keys["SessionToken"],
        )

    assert "sts-region" in {each["finding"] for each in found}
    assert "unseen" in {each["finding"] for each in found}


def _secret(objects: Objects, secret: str, *, kind: str, **data: str) -> None:
    status, answer = objects.admin.request(
        "POST",
        f"/api/v1/namespaces/{objects.namespace}/secrets",
        {
            "metadata": {"name": secret, "labels": {"argocd.argoproj.io/secret-type": kind}},
            "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()},
        },
    )
    assert status == 201, answer


@pytest.mark.parametrize(
    ("credential", "theirs"),
    [
        ({}, {"kind": "repository", "url": REGISTRY.upper()}),
        ({}, {"kind": "repository", "url": f"{REGISTRY}.git", "password": "old"}),
        ({"type": "oci"}, {"kind": "repository", "url": f"oci://{REGISTRY}", "password": "old"}),
        ({"project": "a"}, {"kind": "repository", "url": REGISTRY, "project": "a"}),
        ({}, {"kind": "repository", "url": REGISTRY, "project": "a"}),
        (
            {"kind": "repo-creds"},
            {"kind": "repository", "url": f"{REGISTRY}/charts", "useAzureWorkloadIdentity": "true"},
        ),
        ({"kind": "repo-creds"}, {"kind": "repository", "url": f"{REGISTRY}/charts", "username": "AWS"}),
        ({"kind": "repo-creds"}, {"kind": "repository", "url": f"{REGISTRY}/charts", "password": "old"}),
        ({"kind": "repo-creds"}, {"kind": "repo-creds", "url": f"oci://{REGISTRY}/charts"}),
    ],
)
def test_a_secret_that_shadows_ours(
    credential: dict[str, str], theirs: dict[str, str], stack: str, command_line: CommandLine, objects: Objects
) -> None:
    found = _shadowed(command_line, objects, credential, theirs)

    (told,) = found
    assert f"{objects.namespace}/theirs" in told["said"]
    assert told["remedy"].endswith(f"kubectl -n {objects.namespace} delete secret theirs")


@pytest.mark.parametrize(
    ("credential", "theirs"),
    [
        ({}, {"kind": "repository", "url": f"{REGISTRY}/charts", "password": "old"}),
        ({}, {"kind": "repository", "url": f"{REGISTRY}/", "password": "old"}),
        ({}, {"kind": "repo-creds", "url": REGISTRY, "password": "old"}),
        ({"project": "b"}, {"kind": "repository", "url": REGISTRY, "project": "a"}),
        ({"project": "a"}, {"kind": "repository", "url": REGISTRY}),
        ({"kind": "repo-creds"}, {"kind": "repository", "url": f"{REGISTRY}/charts"}),
        ({"kind": "repo-creds"}, {"kind": "repository", "url": f"{REGISTRY}/charts", "tlsClientCertKey": "old"}),
        ({"kind": "repo-creds"}, {"kind": "repo-creds", "url": REGISTRY[:20], "password": "old"}),
        ({"kind": "pull-secret"}, {"kind": "repository", "url": REGISTRY, "password": "old"}),
    ],
)
def test_a_secret_that_does_not_shadow_ours(
    credential: dict[str, str], theirs: dict[str, str], stack: str, command_line: CommandLine, objects: Objects
) -> None:
    assert _shadowed(command_line, objects, credential, theirs) == []


def _shadowed(
    command_line: CommandLine, objects: Objects, credential: dict[str, str], theirs: dict[str, str]
) -> list[dict[str, Any]]:
    written = [{"registry": REGISTRY, "verify": "off", **credential}]
    command_line.write_settings({"cluster": "demo", "namespace": objects.namespace, "credentials": written})
    _secret(objects, "theirs", **theirs)
    return [each for each in findings(command_line)[1] if each["finding"] == "shadowed"]


def test_what_a_removed_credential_left(doctor: CommandLine, function: Function, objects: Objects) -> None:
    function.run()
    left = objects.require("configmaps")
    left["metadata"] = {"name": "theirs", "labels": left["metadata"]["labels"]}
    objects.admin.request("POST", f"/api/v1/namespaces/{objects.namespace}/configmaps", left)
    _secret(objects, "theirs", kind="repository", url=REGISTRY, password="another installation's")

    kept_by_another = findings(doctor)[1]
    path = objects.path("configmaps").replace("ecr-auth", "theirs")
    objects.admin.request("PUT", path, left | {"data": {"expireyTime": "2026-01-01T00:00:00Z"}})
    objects.admin.request("DELETE", objects.path("secrets").replace("ecr-auth", "theirs"))
    found = the_only(doctor)
    objects.admin.request("DELETE", objects.path("configmaps").replace("ecr-auth", "theirs"))

    assert kept_by_another == []
    assert found["finding"] == "leftover"
    assert f"kubectl -n {objects.namespace} delete secret,configmap theirs" in found["remedy"]


@pytest.mark.parametrize(
    ("manager", "remedy"),
    [("terraform", "end what writes as terraform"), ("argo-ecr-auth", "the original in-cluster tool")],
)
def test_a_second_writer(manager: str, remedy: str, doctor: CommandLine, function: Function, objects: Objects) -> None:
    """The original tool has our name too, but updates where we apply."""
    function.run()
    path = f"{objects.path('secrets')}?fieldManager={manager}"
    secret = objects.require("secrets")
    change = {"data": {"password": base64.b64encode(b"theirs").decode()}}
    status, _ = objects.admin.request("PATCH", path, change, content_type="application/merge-patch+json")
    assert (status, "password" in secret["data"]) == (200, True)

    found = {each["finding"]: each for each in findings(doctor)[1]}

    assert f"is written by {manager} (Update) " in found["second-writer"]["said"]
    assert remedy in found["second-writer"]["remedy"]


def test_one_that_wrote_before_us_and_no_more_is_no_second_writer(
    doctor: CommandLine, function: Function, objects: Objects
) -> None:
    """Of what the original tool wrote, both hold the keys that we left as they were."""
    data = {"url": REGISTRY, "name": "ecr", "type": "helm", "enableOCI": "true", "username": "AWS", "password": "old"}
    _secret(objects, "ecr-auth", kind="repository", **data)
    function.run()

    assert findings(doctor)[1] == []


def test_marks_by_which_an_application_would_prune_the_secret(
    doctor: CommandLine, function: Function, objects: Objects
) -> None:
    function.run()
    objects.patch("secrets", {"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": "app:/Secret:a/b"}}})
    objects.patch("configmaps", {"metadata": {"labels": {"app.kubernetes.io/instance": "app"}}})

    _, found = findings(doctor)

    assert [each["finding"] for each in found] == ["tracked", "tracked"]
    assert found[0]["remedy"].endswith("annotate secret ecr-auth argocd.argoproj.io/tracking-id-")
    assert found[1]["remedy"].endswith("label configmap ecr-auth app.kubernetes.io/instance-")


def test_an_object_that_is_somebody_elses(doctor: CommandLine, function: Function, objects: Objects) -> None:
    function.run()
    objects.patch("secrets", {"metadata": {"labels": {"reconcile.external-secrets.io/managed": "true"}}})

    found = the_only(doctor)

    assert (found["finding"], "External Secrets" in found["said"]) == ("not-ours", True)


def test_a_token_that_nobody_renews(doctor: CommandLine, function: Function, objects: Objects) -> None:
    function.run()
    expiry = f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    objects.patch(
        "configmaps",
        {"data": {"expireyTime": expiry}, "metadata": {"annotations": {"argo-ecr-auth/expires-at": expiry}}},
    )

    found = {each["finding"]: each for each in findings(doctor)[1]}

    assert "of the token's life left" in found["not-kept-fresh"]["said"]
    assert "argo-ecr-auth invoke demo" in found["not-kept-fresh"]["remedy"]


@pytest.fixture
def examine(make_function: FunctionFactory, operator: str, objects: Objects, tmp_path: Path) -> Examine:
    """An examination in this process, with what the registry would answer to a login."""

    def run(verification: Verification, **credential: Any) -> tuple[list[Finding], Asked]:
        asked: Asked = []

        def prove(host: str, token: AuthorizationToken, *, repository: str | None = None) -> Verification:
            asked.append((host, token, repository))
            return verification

        written = [{"registry": REGISTRY, **credential}]
        target = {"cluster": "demo", "namespace": objects.namespace, "credentials": written}
        function = make_function(make_settings(target))
        grant(objects.admin, *function.targets)
        function.run()
        make_function(make_settings(target), role=operator)
        file = tmp_path / "settings.yaml"
        file.write_text(yaml.safe_dump({"targets": [target]}))
        installation = installation_of(parse(["doctor", "--settings", str(file)]), region="us-east-1")
        (context,) = make_contexts(
            installation.targets,
            installation=installation,
            sessions=Sessions(region="us-east-1"),
            function_role=None,
            caller=None,
            verify_login=prove,
        )
        found = examined(context)
        return [each for each in found if each.name != "leftover" and "access entry" not in each.said], asked

    return run


def test_a_token_that_does_not_log_in(examine: Examine, objects: Objects) -> None:
    found, ((host, token, repository),) = examine(Verification(login=Login.REFUSED, reason="refused"))

    assert [(each.name, each.remedy) for each in found] == [("token-refused", "argo-ecr-auth invoke --force demo")]
    assert (host, token.password, repository) == (REGISTRY, objects.password, None)
    assert objects.password not in json.dumps([each.as_dict() for each in found])


def test_missing_pull_rights(examine: Examine) -> None:
    verification = Verification(login=Login.ACCEPTED, reason="it may not list charts/app")

    found, ((_, _, repository),) = examine(verification, verify_repository="charts/app")

    assert [each.name for each in found] == ["no-pull-right"]
    assert "charts/app" in found[0].said
    assert repository == "charts/app"


def test_every_password_of_a_pull_secret_is_tried(examine: Examine) -> None:
    europe = REGISTRY.replace("us-east-1", "eu-west-1")

    found, asked = examine(
        Verification(login=Login.REFUSED), registry=None, registries=[REGISTRY, europe], kind="pull-secret"
    )

    assert [each.name for each in found] == ["token-refused"] * 2
    assert [host for host, _, _ in asked] == [REGISTRY, europe]


def test_a_registry_that_does_not_answer_is_neither_well_nor_wrong(examine: Examine) -> None:
    found, _ = examine(Verification(login=Login.INCONCLUSIVE, reason="does not answer"))

    assert [(each.name, each.unseen) for each in found] == [("unseen", True)]


def test_what_may_not_be_looked_at_is_told_and_is_3(
    doctor: CommandLine, function: Function, local_cloud: LocalCloud
) -> None:
    function.run()
    nobody = local_cloud.assume(local_cloud.create_role("nobody"))

    code, found = findings(
        doctor,
        AWS_ACCESS_KEY_ID=nobody["AccessKeyId"],
        AWS_SECRET_ACCESS_KEY=nobody["SecretAccessKey"],
        AWS_SESSION_TOKEN=nobody["SessionToken"],
    )

    assert code == 3
    assert {each["finding"] for each in found} == {"unseen"}
    assert "eks:DescribeCluster" in json.dumps(found)


def test_no_password_is_in_any_output(doctor: CommandLine, function: Function, objects: Objects, stack: str) -> None:
    function.run()
    _secret(objects, "theirs", kind="repository", url=REGISTRY, password="the other password")
    said = ""
    for arguments in (["doctor"], ["doctor", "-o", "json"], ["status"], ["status", "-o", "json"], ["rbac"]):
        done = doctor.run(*arguments)
        said += done.stdout + done.stderr

    assert "theirs" in said
    for secret in (objects.password, "the other password"):
        assert secret not in said
        assert base64.b64encode(secret.encode()).decode() not in said


def test_the_table_in_a_terminal(doctor: CommandLine) -> None:
    with doctor.in_terminal("doctor", columns=100) as terminal:
        code = terminal.end()

    assert code == 1
    assert "no-role-binding" in terminal.text
    assert terminal.text.count("FINDING") == 1
    assert "\x1b[1;31mno-role" in terminal.raw
    assert "argo-ecr-auth rbac demo | kubectl apply -f -" in terminal.text.splitlines()


def test_on_a_narrow_terminal_each_field_has_a_line_and_none_is_cut(doctor: CommandLine, namespace: str) -> None:
    with doctor.in_terminal("doctor", columns=40) as terminal:
        terminal.end()

    lines = [line.rstrip() for line in terminal.text.splitlines()]
    assert f"WHAT     the RoleBinding {namespace}/argo-ecr-auth is missing" in lines
    assert "REMEDY   argo-ecr-auth rbac demo | kubectl apply -f -" in lines
