"""What `make deploy` and `make destroy` do around the CDK CLI, run as programs against a small AWS and a fake CLI."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

import pytest
import yaml
from aws_cdk.assertions import Template

from argo_ecr_auth_settings.leftovers import find_dropped, format_removal, list_objects
from tests.cli.terminal import Terminal
from tests.infra.synthesis import (
    ACCOUNT,
    REGION,
    REGISTRY,
    find_all,
    make_content,
    make_template,
)
from tests.servers.answers import refuse_as_sts
from tests.servers.server import Answer, Request, Server, answer_json
from tests.support.warm_process import run_module

_ROOT = Path(__file__).parents[2]
_TWO = [{"registry": REGISTRY}, {"registry": REGISTRY, "secret_name": "second"}]


@dataclass(kw_only=True)
class SmallAws:
    """STS, EKS and CloudFormation, as far as the steps ask them."""

    clusters: list[str] | None = field(default_factory=lambda: ["demo", "other"])  # None: it may not be listed
    template: dict[str, Any] | None = None  # of the deployed stack
    template_may_be_read: bool = True
    error: str | None = None  # with which STS refuses
    lookup_role: bool = False  # whether CDK's lookup role may be assumed
    url: str = ""
    described: dict[str, dict[str, Any]] = field(default_factory=dict)  # what differs from a cluster that is ready
    entered: list[str] = field(default_factory=list)  # clusters that have an entry for any role
    deployed_entries: list[str] = field(default_factory=list)  # clusters with an entry of the stack
    meeting: Barrier | None = None  # at which the descriptions of clusters wait for each other
    asked: list[str] = field(default_factory=list)  # paths of EKS
    bootstraps: dict[str, str] = field(default_factory=lambda: {REGION: "28"})  # versions by region
    meeting_of_bootstraps: Barrier | None = None  # at which the requests for versions wait for each other

    def answer_eks(self, path: str) -> Answer:
        self.asked.append(path)
        match unquote(path).partition("?")[0].split("/", 4)[2:]:
            case [cluster] if self.clusters is not None and cluster:
                if self.meeting:
                    self.meeting.wait()
                ready = {"name": cluster, "status": "ACTIVE", "accessConfig": {"authenticationMode": "API"}}
                return answer_json({"cluster": ready | self.described.get(cluster, {})})
            case [cluster, "access-entries", arn] if self.clusters is not None:
                if cluster in self.entered:
                    return answer_json({"accessEntry": {"clusterName": cluster, "principalArn": arn}})
                return answer_json({"__type": "ResourceNotFoundException", "message": "no entry"}, status=404)
        return Answer(status=403) if self.clusters is None else answer_json({"clusters": self.clusters})

    def answer_ssm(self, request: Request) -> Answer:
        if self.meeting_of_bootstraps:
            self.meeting_of_bootstraps.wait()
        (region,) = re.findall(r"/([a-z0-9-]+)/ssm/", request.headers["Authorization"])
        name = json.loads(request.body)["Name"]
        if region not in self.bootstraps or name != "/cdk-bootstrap/hnb659fds/version":
            return answer_json({"__type": "ParameterNotFound", "message": name}, status=400)
        return answer_json({"Parameter": {"Name": name, "Value": self.bootstraps[region]}})

    def answer(self, request: Request) -> Answer:
        if not request.body:
            return self.answer_eks(request.path)
        if request.headers.get("X-Amz-Target") == "AmazonSSM.GetParameter":
            return self.answer_ssm(request)
        action = parse_qs(request.body.decode())["Action"][0]
        if action == "ListStackResources" and self.deployed_entries:
            member = "<member><ResourceType>AWS::EKS::AccessEntry</ResourceType><ResourceStatus>CREATE_COMPLETE"
            member += "</ResourceStatus><PhysicalResourceId>arn:aws:iam::1:role/r|{}</PhysicalResourceId></member>"
            members = "".join(member.format(cluster) for cluster in self.deployed_entries)
            return _answer(action, f"<StackResourceSummaries>{members}</StackResourceSummaries>")
        if action == "GetCallerIdentity" and not self.error:
            return _answer(action, f"<Account>{ACCOUNT}</Account>")
        if action == "GetTemplate" and self.template is not None:
            return _answer(action, f"<TemplateBody>{escape(json.dumps(self.template))}</TemplateBody>")
        is_refused = action == "AssumeRole" or not self.template_may_be_read
        if action == "AssumeRole" and self.lookup_role and b"lookup-role" in request.body:
            keys = "<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
            answer = _answer(action, f"<Credentials>{keys}<Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>")
        else:
            answer = refuse_as_sts(self.error or ("AccessDenied" if is_refused else "ValidationError"))
        return answer


def _answer(action: str, content: str) -> Answer:
    body = f"<{action}Response><{action}Result>{content}</{action}Result></{action}Response>"
    return Answer(body=body.encode())


@pytest.fixture
def aws() -> Iterator[SmallAws]:
    small = SmallAws()
    with Server(small.answer, tls=False) as server:
        small.url = server.url
        yield small


@pytest.fixture
def deployed(aws: SmallAws, minimal: Template) -> SmallAws:
    """With the stack of the smallest installation."""
    aws.template = dict(minimal.to_json())
    return aws


def _make_environment(directory: Path, **environment: str) -> dict[str, str]:
    """With a CDK CLI that only writes its arguments to a file."""
    cdk = directory / "bin" / "cdk"
    cdk.parent.mkdir(exist_ok=True)
    cdk.write_text('#!/bin/sh\necho "$@" >> ~/cdk-calls\nexit ${CDK_EXIT_CODE:-0}\n')
    cdk.chmod(0o755)
    return {
        "PATH": f"{cdk.parent}:{os.environ['PATH']}",
        "HOME": str(directory),
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
        "PYTHONPATH": os.pathsep.join(str(_ROOT / name) for name in ("lambda_src", "infra_cdk", "cli")),
        "AWS_MAX_ATTEMPTS": "1",
        **environment,
    }


def _run(program: str, *arguments: str, directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return run_module(
        f"argo_ecr_auth_deploy.{program}",
        *arguments,
        environment=_make_environment(directory, **environment),
        directory=directory,
    )


def _make_key(aws: SmallAws) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "planted-secret-key",
        "AWS_REGION": REGION,
    }


def _make_arguments(directory: Path, *options: str, **changes: object) -> list[str]:
    (directory / "mine.yaml").write_text(yaml.safe_dump(make_content(**changes)))
    return ["-c", "settings=mine.yaml", "--hotswap", "--output=cdk.out", *options]  # two are only CDK's


def _step(
    name: str, aws: SmallAws, directory: Path, *options: str, **changes: object
) -> subprocess.CompletedProcess[str]:
    arguments = _make_arguments(directory, *options, **changes)
    return _run("steps", name, *arguments, directory=directory, **_make_key(aws))


def _read_calls(directory: Path) -> list[str]:
    """How the CDK CLI was called."""
    calls = directory / "cdk-calls"
    return calls.read_text().splitlines() if calls.exists() else []


def _profile(name: str, directory: Path) -> str:
    """A file of the AWS CLI with this profile."""
    file = directory / "config"
    file.write_text(f"[profile '{name}']\naws_access_key_id = a\naws_secret_access_key = b\nregion = {REGION}\n")
    return str(file)


def _deployed(**changes: object) -> dict[str, Any]:
    return dict(make_template(make_content(**changes)).to_json())


def test_a_deployment_begins_with_where_it_goes_and_ends_with_what_to_do_next(aws: SmallAws, tmp_path: Path) -> None:
    done = _step("deploy", aws, tmp_path, alarm_email="a@example.com")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"account {ACCOUNT}, region {REGION}, endpoint {aws.url}\n")
    (call,) = _read_calls(tmp_path)
    # The local cloud needs no approval.
    assert call.startswith("deploy --all --require-approval never --concurrency 10 -c ")
    _, _, next_steps = done.stdout.partition("what to do next:")
    for command in ("invoke", "status", "doctor"):
        assert f".venv/bin/argo-ecr-auth {command} --settings mine.yaml\n" in next_steps
    assert "a@example.com" in next_steps


def test_a_cluster_that_does_not_exist_is_refused_before_the_deployment(aws: SmallAws, tmp_path: Path) -> None:
    targets = [{"cluster": "demo"}, {"cluster": "dmeo"}, {"cluster": "away", "account": "333333333333"}]
    done = _step("deploy", aws, tmp_path, targets=targets)
    assert done.returncode == 1
    _other_account, fault = done.stderr.splitlines()
    assert fault.startswith(f"there is no EKS cluster dmeo in {REGION} of account {ACCOUNT} (target dmeo): ")
    assert fault.endswith("EKS has: demo, other")


def test_all_new_clusters_that_are_not_ready_are_refused_at_once(aws: SmallAws, tmp_path: Path) -> None:
    names = ["demo", "old", "leaving", "entered", "outpost", "missing"]
    aws.clusters = [name for name in names if name != "missing"]
    aws.described = {
        "old": {"accessConfig": {"authenticationMode": "CONFIG_MAP"}},
        "leaving": {"status": "DELETING"},
        "outpost": {"outpostConfig": {"outpostArns": []}},
    }
    aws.entered = ["entered"]
    document = make_content(targets=[{"cluster": name} for name in names])
    done = _step("deploy", aws, tmp_path, **document)
    assert done.returncode == 1
    missing, old, leaving, entered, outpost = done.stderr.splitlines()
    assert missing.startswith("there is no EKS cluster missing ")
    assert old.startswith(f"the EKS cluster old in {REGION} is on CONFIG_MAP")
    assert "--access-config authenticationMode=API_AND_CONFIG_MAP" in old
    assert leaving.startswith(f"the EKS cluster leaving in {REGION} is DELETING")
    (role,) = (role for role in find_all(make_template(document), "AWS::IAM::Role") if "RoleName" in role)
    principal = f"arn:aws:iam::{ACCOUNT}:role/{role['RoleName']}"
    delete = f"aws eks delete-access-entry --cluster-name entered --region {REGION} --principal-arn {principal}"
    assert entered.endswith(f"Delete it: {delete}")
    assert outpost.startswith(f"the EKS cluster outpost in {REGION} is a local cluster on AWS Outposts")


def test_a_new_cluster_of_another_account_is_looked_at_by_cdks_lookup_role(aws: SmallAws, tmp_path: Path) -> None:
    aws.described, aws.lookup_role = {"away": {"status": "CREATING"}}, True
    done = _step("deploy", aws, tmp_path, targets=[{"cluster": "away", "account": "333333333333"}])
    assert done.returncode == 1
    assert f"the EKS cluster away in {REGION} is CREATING: deploy when it is ACTIVE" in done.stderr


def test_all_accounts_and_regions_that_cdk_cannot_deploy_to_are_refused_at_once(aws: SmallAws, tmp_path: Path) -> None:
    aws.bootstraps = {"eu-central-1": "5"}
    targets = [
        {"cluster": "demo", "region": "eu-central-1"},
        {"cluster": "dmeo"},
        {"cluster": "away", "account": "333333333333"},
    ]
    done = _step("deploy", aws, tmp_path, targets=targets)
    assert done.returncode == 1
    home, region, account, cluster = done.stderr.splitlines()
    bootstrap = f"make bootstrap ARGS=aws://{ACCOUNT}"
    assert home == f"account {ACCOUNT} is not bootstrapped for CDK in {REGION}: {bootstrap}/{REGION}"
    assert region.startswith(f"the CDK bootstrap of account {ACCOUNT} in eu-central-1 is too old: {bootstrap}/eu-cent")
    role = f"arn:aws:iam::333333333333:role/cdk-hnb659fds-deploy-role-333333333333-{REGION}"
    assert account.startswith(f"cannot assume {role}: AccessDenied: no. With credentials of account 333333333333: make")
    assert f'bootstrap ARGS="aws://333333333333/{REGION} --trust {ACCOUNT} --cloudformation-exec' in account
    assert cluster.startswith("there is no EKS cluster dmeo ")
    assert _read_calls(tmp_path) == []


def test_another_qualifier_of_the_bootstrap_is_looked_for(aws: SmallAws, tmp_path: Path) -> None:
    done = _step("deploy", aws, tmp_path, "-c", "@aws-cdk/core:bootstrapQualifier=mine12345")
    assert done.returncode == 1
    assert "is not bootstrapped for CDK" in done.stderr


def test_a_cluster_that_has_its_entry_from_the_deployed_stack_is_not_checked_again(
    aws: SmallAws, tmp_path: Path
) -> None:
    aws.deployed_entries, aws.entered = ["demo"], ["demo"]
    targets = [{"cluster": "demo"}, {"cluster": "other", "access": "none"}]
    assert _step("deploy", aws, tmp_path, targets=targets).returncode == 0
    assert [path for path in aws.asked if "/clusters/" in path] == []


def test_bootstraps_and_clusters_are_checked_concurrently(aws: SmallAws, tmp_path: Path) -> None:
    aws.bootstraps["eu-central-1"] = "28"
    aws.meeting_of_bootstraps, aws.meeting = Barrier(2, timeout=60), Barrier(2, timeout=60)
    targets = [{"cluster": "demo"}, {"cluster": "other", "region": "eu-central-1"}]
    done = _step("deploy", aws, tmp_path, targets=targets)
    assert (done.returncode, done.stderr) == (0, "")
    assert sum("/access-entries/" in path for path in aws.asked) == 2


def test_a_place_without_a_cluster_is_named(aws: SmallAws, tmp_path: Path) -> None:
    aws.clusters = []
    done = _step("deploy", aws, tmp_path)
    assert done.stderr.endswith("remove the target. EKS has no cluster there\n")


def test_an_account_that_sts_does_not_answer_ends_the_step(aws: SmallAws, tmp_path: Path) -> None:
    aws.error = "AccessDenied"
    done = _step("deploy", aws, tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("STS does not say which account the AWS credentials belong to. ")


def test_where_clusters_may_not_be_listed_the_deployment_goes_on(aws: SmallAws, tmp_path: Path) -> None:
    aws.clusters = None
    done = _step("deploy", aws, tmp_path)
    assert done.returncode == 0
    assert f"cannot check whether the clusters in {REGION} exist: " in done.stderr
    assert f"cannot check whether the EKS cluster demo in {REGION} is ready: " in done.stderr


def test_faulty_settings_are_refused_before_the_deployment(aws: SmallAws, tmp_path: Path) -> None:
    done = _step("deploy", aws, tmp_path, renew_before="13h")
    assert done.returncode == 1
    assert "renew_before: " in done.stderr


def test_a_confirmed_removal_is_deployed_and_ends_with_the_commands_that_clean_up(
    aws: SmallAws, tmp_path: Path
) -> None:
    aws.template = _deployed(targets=[{"cluster": "demo"}, {"cluster": "other"}], credentials=_TWO)
    done = _step("deploy", aws, tmp_path, "--yes", targets=[{"cluster": "demo"}])
    assert done.returncode == 0
    assert "  other: removed, nothing will renew its tokens; the first one expires within 12h\n" in done.stdout
    lost = "nothing will renew the tokens of argocd/second; the current one expires within 12h"
    assert f"  demo: {lost}\n" in done.stdout
    delete = "  kubectl -n argocd delete --ignore-not-found"
    before, _, after = done.stdout.partition("what to do next:")
    for commands in (before, after):
        assert commands.partition("manifest too):\n")[2].splitlines()[:5] == [
            f"in the cluster demo ({ACCOUNT} {REGION}), as its administrator:",
            f"{delete} secret/second configmap/second",
            f"in the cluster other ({ACCOUNT} {REGION}), as its administrator:",
            f"{delete} secret/ecr-auth configmap/ecr-auth secret/second configmap/second",
            f"{delete} rolebinding/argo-ecr-auth role/argo-ecr-auth",
        ]


@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_a_removal_that_nobody_can_confirm_is_refused_in_one_line(
    command: str, deployed: SmallAws, tmp_path: Path
) -> None:
    done = _step(command, deployed, tmp_path, targets=[{"cluster": "other"}])
    assert done.returncode == 1
    assert "  demo: removed, nothing will renew its tokens; the current one expires within 12h\n" in done.stdout
    (line,) = done.stderr.splitlines()
    assert line.endswith(f'add --yes: make {command} ARGS="... --yes"')
    assert _read_calls(tmp_path) == []


@pytest.mark.parametrize(
    ("command", "answer", "called"),
    [
        ("deploy", "y", True),
        ("deploy", "n", False),
        ("deploy", "", False),
        ("deploy", "\x03", False),
        ("destroy", "y", True),
    ],
)
def test_a_removal_is_confirmed_once_on_a_terminal(
    command: str, answer: str, called: bool, deployed: SmallAws, tmp_path: Path
) -> None:
    arguments = _make_arguments(tmp_path, targets=[{"cluster": "other"}])
    with Terminal(
        [sys.executable, "-m", "argo_ecr_auth_deploy.steps", command, *arguments],
        cwd=tmp_path,
        env=_make_environment(tmp_path, **_make_key(deployed)),
        columns=120,
    ) as terminal:
        terminal.wait_for(f"{command.capitalize()}? [y/N]")
        terminal.type(f"{answer}\n")
        assert terminal.end() == (0 if called else 1)
    assert len(_read_calls(tmp_path)) == called
    assert ("stopped: nothing was changed" in terminal.text) != called


def test_a_deployment_that_removes_nothing_does_not_ask(deployed: SmallAws, tmp_path: Path) -> None:
    targets = [{"cluster": "demo"}, {"cluster": "other"}]
    done = _step("deploy", deployed, tmp_path, targets=targets, credentials=_TWO, check_every="5m")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.partition("what changes:\n")[2].partition("\n\n")[0].splitlines() == [
        "  demo: also writes argocd/second",
        "  other: new, writes argocd/ecr-auth, argocd/second",
        "  the check interval is 5m instead of 2m",
    ]
    assert "kubectl -n argocd delete" not in done.stdout


def test_a_deployment_without_changes_says_so(deployed: SmallAws, tmp_path: Path) -> None:
    assert "\nno target changes\n" in _step("deploy", deployed, tmp_path).stdout


def test_of_a_release_without_records_the_schedules_name_the_targets(aws: SmallAws, tmp_path: Path) -> None:
    aws.template = _deployed(targets=[{"cluster": "demo"}, {"cluster": "other"}])
    del aws.template["Metadata"]
    done = _step("deploy", aws, tmp_path, targets=[{"cluster": "other"}])
    assert done.returncode == 1
    assert done.stdout.partition("what changes:\n")[2].splitlines() == [
        "  demo: removed, nothing will renew its tokens; the current one expires within 12h"
    ]


def test_the_exit_code_of_the_cdk_cli_is_kept(aws: SmallAws, tmp_path: Path) -> None:
    arguments = _make_arguments(tmp_path)
    done = _run("steps", "deploy", *arguments, directory=tmp_path, CDK_EXIT_CODE="7", **_make_key(aws))
    assert done.returncode == 7
    assert "what to do next" not in done.stdout


def test_the_next_commands_speak_of_the_same_installation_with_the_same_profile(aws: SmallAws, tmp_path: Path) -> None:
    options = ["steps", "deploy", "--profile", "my team"]
    for context in ("cluster=demo", f"registry={REGISTRY}", "installation=second"):
        options += ["-c", context]
    done = _run(*options, directory=tmp_path, AWS_ENDPOINT_URL=aws.url, AWS_CONFIG_FILE=_profile("my team", tmp_path))
    shared = f"--cluster demo --registry {REGISTRY} --installation second --profile 'my team'"
    for command in ("invoke", "status", "doctor"):
        assert f".venv/bin/argo-ecr-auth {command} {shared}\n" in done.stdout


def test_after_a_deployment_to_several_clusters_no_command_applies_all_manifests_to_one(
    aws: SmallAws, tmp_path: Path
) -> None:
    manifests = tmp_path / "cdk.out" / "rbac"
    manifests.mkdir(parents=True)
    (manifests / "demo.rbac.yaml").touch()
    one = _step("deploy", aws, tmp_path).stdout
    (manifests / "other.rbac.yaml").touch()
    two = _step("deploy", aws, tmp_path).stdout
    assert "  apply the manifest, if you have not yet: kubectl apply -f cdk.out/rbac/demo.rbac.yaml\n" in one
    each = "kubectl --context CONTEXT apply -f cdk.out/rbac/TARGET.rbac.yaml"
    assert f"  for each cluster, if you have not yet: {each}\n" in two


def test_destroy_asks_once_and_ends_with_the_commands_that_clean_up(deployed: SmallAws, tmp_path: Path) -> None:
    done = _step("destroy", deployed, tmp_path, "-y", credentials=_TWO)  # the settings have changed since
    assert done.returncode == 0
    assert [call.split(" -c ")[0] for call in _read_calls(tmp_path)] == ["destroy --all --concurrency 10 --force"]
    assert "kubectl -n argocd delete --ignore-not-found secret/ecr-auth configmap/ecr-auth\n" in done.stdout
    assert "kubectl -n argocd delete --ignore-not-found rolebinding/argo-ecr-auth role/argo-ecr-auth\n" in done.stdout
    assert "apply" not in done.stdout
    assert "minutes" not in done.stdout


def test_before_destroy_it_says_how_long_a_vpc_takes(aws: SmallAws, tmp_path: Path) -> None:
    vpc = {"id": "vpc-11111111", "subnets": ["subnet-11111111"]}
    assert "20 to 40 minutes" in _step("destroy", aws, tmp_path, "--yes", vpc=vpc).stdout


@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_a_stack_that_may_not_be_read_needs_a_confirmation(command: str, aws: SmallAws, tmp_path: Path) -> None:
    aws.template_may_be_read = False
    refused = _step(command, aws, tmp_path)
    assert refused.returncode == 1
    assert refused.stderr.endswith(f'To confirm, add --yes: make {command} ARGS="... --yes"\n')
    assert _read_calls(tmp_path) == []
    done = _step(command, aws, tmp_path, "--yes")
    lines = done.stderr.splitlines()
    assert lines[0].startswith("the deployed stack cannot be read, so what is removed is not known: ")
    assert all("AccessDenied" in line for line in lines)
    assert done.returncode == 0
    assert ("kubectl -n argocd delete" in done.stdout) == (command == "destroy")  # by the settings


@pytest.mark.parametrize(
    "template",
    [
        {"Metadata": {"ArgoEcrAuthTargets": {"targets": ["of a later release"]}}},
        {"Resources": {"Schedule": {"Type": "AWS::Scheduler::Schedule", "Properties": {}}}},
    ],
    ids=["record", "schedule"],
)
def test_a_stack_whose_targets_are_not_understood_needs_a_confirmation(
    template: dict[str, Any], aws: SmallAws, tmp_path: Path
) -> None:
    aws.template = template
    refused = _step("deploy", aws, tmp_path)
    assert refused.returncode == 1
    assert refused.stderr.startswith("the deployed stack cannot be read, so what is removed is not known: ")
    assert _read_calls(tmp_path) == []


def test_a_bootstrap_prints_where_its_profile_goes(aws: SmallAws, tmp_path: Path) -> None:
    arguments = f"aws://{ACCOUNT}/{REGION} --profile mine"
    make = ["make", "--dry-run", "--silent", "bootstrap", f"ARGS={arguments}"]
    commands = subprocess.run(make, cwd=_ROOT, check=True, capture_output=True, text=True).stdout
    assert f"argo_ecr_auth_deploy.destination {arguments}\n" in commands
    environment = {"AWS_ENDPOINT_URL": aws.url, "AWS_CONFIG_FILE": _profile("mine", tmp_path)}
    done = _run("destination", *arguments.split(), directory=tmp_path, **environment)
    assert (done.stdout, done.stderr) == (f"account {ACCOUNT}, region {REGION}, endpoint {aws.url}\n", "")


@pytest.mark.parametrize(
    ("options", "concurrent"),
    [
        ([], False),  # the CDK CLI asks for approval, stack by stack
        (["--require-approval", "broadening"], False),
        (["--require-approval", "never"], True),
        (["--yes"], True),  # also approves for the CDK CLI
    ],
)
def test_stacks_are_deployed_at_once_unless_each_is_approved(
    options: list[str], concurrent: bool, aws: SmallAws, tmp_path: Path
) -> None:
    aws.url = aws.url.replace("127.0.0.1", "localhost")  # not the local cloud, which needs no approval
    assert _step("deploy", aws, tmp_path, *options).returncode == 0
    (call,) = _read_calls(tmp_path)
    assert ("--concurrency 10" in call) == concurrent
    assert call.endswith(" ".join(["-c settings=mine.yaml --hotswap --output=cdk.out", *options]))


def test_many_clusters_are_counted() -> None:
    objects = {f"{ACCOUNT}/{REGION}/c{number:02}": {"argocd": ["ecr-auth"]} for number in range(12)}
    lines = list(format_removal(objects, kept={}, group="argo-ecr-auth"))
    assert lines[-1] == "and the same in 2 more clusters"
    assert find_dropped(objects, objects) == {}
    assert list_objects(()) == {}


@pytest.mark.parametrize(
    ("config", "remedy"),
    [
        (
            "login_session = arn:aws:iam::111111111111:user/me",
            "the sign-in has expired or is missing: aws login --profile mine",
        ),
        (
            "sso_start_url = https://x.example\nsso_region = eu-west-1\nsso_account_id = 1\nsso_role_name = r",
            "the sign-in has expired or is missing: aws sso login --profile mine",
        ),
        ("output = json", "aws sso login --profile mine or aws login --profile mine"),
    ],
)
def test_missing_credentials_are_reported_with_the_remedy(config: str, remedy: str, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(f"[profile mine]\nregion = eu-west-1\n{config}\n")
    done = _run("destination", directory=tmp_path, AWS_CONFIG_FILE=str(tmp_path / "config"), AWS_PROFILE="mine")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("no AWS credentials: ")
    assert line.endswith(remedy)


def test_expired_credentials_are_reported_with_the_remedy(aws: SmallAws, tmp_path: Path) -> None:
    aws.error = "ExpiredToken"
    done = _step("deploy", aws, tmp_path)
    assert done.returncode == 1
    assert "your AWS credentials have expired (ExpiredToken)" in done.stderr
    assert "aws sso login or aws login" in done.stderr
    assert "planted-secret-key" not in done.stderr
