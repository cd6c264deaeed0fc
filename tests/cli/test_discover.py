"""`argo-ecr-auth settings discover` in two accounts of the local cloud, where IAM is enforced."""

import json
import subprocess
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.command_line import ROOT, CommandLine, make_command_line
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.local_cloud.environment import ACCOUNT, REGION
from tests.servers.server import Answer, Request, Server, answer_json
from tests.servers.upstream import intercept, pass_on
from tests.support.function import REGISTRY

_ABROAD, _DENIED = "222222222222", "333333333333"
_EXAMPLE = ROOT / "docs/examples/pipeline"
_ROLE = ("--role", "argo-ecr-auth-discover", "--external-id", "argo-ecr-auth")
_TAG = "argo-ecr-auth/profile"
_ALLOWED = {"accounts": [ACCOUNT, _ABROAD], "regions": [REGION, "eu-west-1"], "clusters": ["*"]}
_SETTINGS: dict[str, Any] = {
    "clusters": "clusters.yaml",
    "profiles": {
        "base": {"credentials": [{"registry": REGISTRY}], "allowed": _ALLOWED},
        "team-b": {"credentials": [{"registry": REGISTRY}], "allowed": {**_ALLOWED, "clusters": ["b-*"]}},
    },
}
_DEMO = f'- {{cluster: demo, region: {REGION}, account: "{ACCOUNT}", profile: base}}\n'


@pytest.fixture(scope="module")
def pipeline(local_cloud: LocalCloud) -> str:
    """The role of the example's pipeline, with the permissions of the example."""
    arn = local_cloud.create_role("pipeline")
    policy = (_EXAMPLE / "policy.json").read_text()
    local_cloud.client("iam").put_role_policy(RoleName="pipeline", PolicyName="discover", PolicyDocument=policy)
    return arn


@pytest.fixture(scope="module")
def abroad(local_cloud: LocalCloud, pipeline: str) -> Iterator[Cluster]:
    """A cluster of the same name in another account, which has the role of the example."""
    local_cloud.client("cloudformation", account=_ABROAD).create_stack(
        StackName="discover",
        TemplateBody=(_EXAMPLE / "member-role.yaml").read_text(),
        Parameters=[{"ParameterKey": "PipelineRoleArn", "ParameterValue": pipeline}],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    with local_cloud.run_cluster("demo", account=_ABROAD) as cluster:
        yield cluster


def _tag(cloud: LocalCloud, name: str, profile: str | None, *, account: str = ACCOUNT) -> None:
    eks, arn = cloud.client("eks", account=account), f"arn:aws:eks:{REGION}:{account}:cluster/{name}"
    if profile is None:
        eks.untag_resource(resourceArn=arn, tagKeys=[_TAG])
    else:
        eks.tag_resource(resourceArn=arn, tags={_TAG: profile})


@pytest.fixture
def fleet(local_cloud: LocalCloud, pipeline: str, cluster: Cluster, tmp_path: Path) -> Iterator[CommandLine]:
    """With settings of two profiles, and a cluster that is tagged with one of them."""
    command_line = make_command_line(local_cloud, pipeline, directory=tmp_path)
    (command_line.directory / "settings.yaml").write_text(yaml.safe_dump(_SETTINGS))
    _tag(local_cloud, cluster.name, "base")
    yield command_line
    _tag(local_cloud, cluster.name, None)


def _read(folder: Path) -> str:
    return (folder / "clusters.yaml").read_text().partition("\n")[2]


def test_a_tag_adds_a_cluster_and_its_removal_removes_it(
    fleet: CommandLine, local_cloud: LocalCloud, cluster: Cluster
) -> None:
    here = ("--account", ACCOUNT)

    shown = fleet.run("settings", "discover", *here)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout == f"added    {ACCOUNT} {REGION} demo: with the profile base\nadded: 1; targets: 1\n"
    assert not (fleet.directory / "clusters.yaml").exists()
    assert fleet.run("settings", "discover", *here, "--check").returncode == 1

    written = fleet.run("settings", "discover", *here, "--write")
    assert (written.returncode, written.stdout.splitlines()[-1]) == (0, "added: 1; targets: 1 (written)")
    assert _read(fleet.directory) == _DEMO
    assert fleet.run("settings", "check").stdout == "settings.yaml: no errors (targets: 1, Secrets: 1)\n"
    assert fleet.run("settings", "discover", *here, "--check").returncode == 0

    _tag(local_cloud, cluster.name, None)
    refused = fleet.run("settings", "discover", *here, "--write")
    assert (refused.returncode, _read(fleet.directory)) == (1, _DEMO)
    assert f"removed  {ACCOUNT} {REGION} demo: it has no tag {_TAG}\n" in refused.stdout
    assert "more than a tenth would be removed: check why, then pass --allow-removals" in refused.stderr
    assert fleet.run("settings", "discover", *here, "--write", "--allow-removals").returncode == 0
    assert _read(fleet.directory) == "[]\n"


def test_a_role_reads_another_account_whose_cluster_of_the_same_name_has_a_name_of_its_own(
    fleet: CommandLine, local_cloud: LocalCloud, abroad: Cluster
) -> None:
    (fleet.directory / "clusters.yaml").write_text(f"# ours\n{_DEMO}")
    _tag(local_cloud, abroad.name, "base", account=_ABROAD)

    done = fleet.run("settings", "discover", *_ROLE, "--write")

    assert (done.returncode, done.stderr) == (0, "")
    name = f"demo.{_ABROAD}.{REGION}"
    theirs = f'- {{cluster: demo, region: {REGION}, account: "{_ABROAD}", profile: base, name: {name}}}\n'
    assert _read(fleet.directory) == _DEMO + theirs


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ((), "your credentials are for 000000000000; pass --role, a role to assume in each other account"),
        (("--role", "nobody"), "cannot assume arn:aws:iam::222222222222:role/nobody"),
        ((*_ROLE[:3], "wrong"), "cannot assume arn:aws:iam::222222222222:role/argo-ecr-auth-discover"),
    ],
)
def test_an_account_that_cannot_be_read_is_one_line_and_keeps_its_clusters(
    options: tuple[str, ...], reason: str, fleet: CommandLine, abroad: Cluster
) -> None:
    theirs = f'- {{cluster: gone, region: {REGION}, account: "{_ABROAD}", profile: base}}\n'
    (fleet.directory / "clusters.yaml").write_text(f"# ours\n{theirs}")

    done = fleet.run("settings", "discover", *options, "--write")

    assert (done.returncode, _read(fleet.directory)) == (0, _DEMO + theirs)
    (line,) = done.stderr.splitlines()
    place = f"argo-ecr-auth: {_ABROAD} eu-west-1, {REGION}: "
    assert line.startswith(f"{place}not searched, its clusters stay: {reason}")


def test_if_nothing_could_be_read_that_is_the_answer(fleet: CommandLine) -> None:
    done = fleet.run("settings", "discover", "--account", _DENIED, "--check", "-o", "json")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["changes"], answer["written"]) == (3, [], False)
    assert {(place["account"], place["region"]) for place in answer["not_read"]} == {
        (_DENIED, REGION),
        (_DENIED, "eu-west-1"),
    }


def test_a_hostile_tag_is_refused_and_printed_on_one_line_of_ascii(fleet: CommandLine, local_cloud: LocalCloud) -> None:
    _tag(local_cloud, "demo", "b\u0430se\u202e")

    done = fleet.run("settings", "discover", "--account", ACCOUNT, "--write")

    assert done.returncode == 0, done.stderr
    assert not (fleet.directory / "clusters.yaml").exists()
    names = "(U+0430 is CYRILLIC SMALL LETTER A, U+202E is invisible)"
    refused, _ = done.stdout.splitlines()
    assert refused.endswith(f" demo: there is no profile 'b\\u0430se\\u202e' {names}")


def test_the_accounts_of_an_organization_are_searched(fleet: CommandLine, local_cloud: LocalCloud) -> None:
    done = fleet.run("settings", "discover", "--organization", "--write")
    assert (done.returncode, _read(fleet.directory)) == (0, _DEMO), done.stderr


def test_an_operator_who_may_not_list_clusters_is_told_which_right_is_missing(
    fleet: CommandLine, local_cloud: LocalCloud
) -> None:
    nobody = make_command_line(local_cloud, local_cloud.create_role("nobody-else"), directory=fleet.directory)
    done = nobody.run("settings", "discover", "--account", ACCOUNT)
    assert done.returncode == 3
    assert "eks:ListClusters" in done.stderr


def test_a_call_that_is_throttled_is_repeated(fleet: CommandLine, local_cloud: LocalCloud) -> None:
    throttled = deque([answer_json({"__type": "ThrottlingException"}, status=429)] * 3)

    def throttle(request: Request) -> Answer | None:
        return throttled.popleft() if throttled and request.path.startswith("/clusters") else None

    with Server(intercept(pass_on(local_cloud.endpoint_url, keep_host=True), throttle), tls=False) as eks:
        done = fleet.run("settings", "discover", "--account", ACCOUNT, AWS_ENDPOINT_URL_EKS=eks.url)

    assert (done.returncode, done.stderr, len(throttled)) == (0, "", 0)
    assert "demo: with the profile base\n" in done.stdout


def test_a_terminal_sees_how_far_the_search_is(fleet: CommandLine) -> None:
    code, terminal = fleet.show("settings", "discover", "--account", ACCOUNT, columns=200)
    assert code == 0
    assert "searching " in terminal.text


@pytest.mark.parametrize(
    ("settings", "arguments", "fault"),
    [
        ({**_SETTINGS, "clusters": None}, (), "settings.yaml names no clusters file: add clusters: clusters.yaml"),
        ({**_SETTINGS, "profiles": {}}, (), "settings.yaml has no profiles, so no cluster may be added"),
        ({**_SETTINGS, "chek": 1}, (), "chek: unknown key"),
        (_SETTINGS, ("--account", "1234"), "--account: '1234' is not the 12 digits of an account"),
        (_SETTINGS, ("--region", "us-moon-1"), "--region: 'us-moon-1' is not an AWS region"),
        (_SETTINGS, ("--external-id", "x"), "--external-id goes with --role"),
        (_SETTINGS, ("--write", "--check"), "not allowed with argument"),
    ],
)
def test_a_mistake_is_answered_before_anything_is_searched(
    settings: dict[str, Any], arguments: tuple[str, ...], fault: str, offline: CommandLine
) -> None:
    (offline.directory / "settings.yaml").write_text(json.dumps(settings))
    done = offline.run("settings", "discover", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert fault in done.stderr


def test_the_examples_workflow_is_valid() -> None:
    workflow = _EXAMPLE / "discover.yml"
    done = subprocess.run(
        ["actionlint", "-shellcheck=", "-pyflakes=", workflow], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")
