"""`make verify-aws` in the local cloud, as far as that can answer."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.local_cloud.environment import CLOSED_PROXY
from tests.support.installation import ROOT, make_tool_path
from tests.verify_aws.questions import ALL
from tests.verify_aws.stage import PREFIX, TAGS

_OTHER_ACCOUNT = "222222222222"
# No registry of ECR is reached, and signin is not emulated.
_NOT_OF_THE_EMULATOR = {row.id for row in ALL if row.id.startswith(("login-", "revoked-", "bearer-password"))}

# It knows roles by their names, and its Scheduler has no queue of undelivered events.
_UNLIKE_AWS = {"entry-older-than-role", "installation-broken-role"}

# The memory that its REPORT names is not that of the function alone.
_NOT_MEASURED = {"installation-checks"}


@dataclass(frozen=True, kw_only=True)
class Account:
    """A cloud whose operator created the cluster `demo`."""

    cloud: LocalCloud
    cluster: Cluster
    environment: dict[str, str]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.verify_aws", "--cluster=demo", "--yes", *arguments],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def find_leftovers(self) -> Sequence[str]:
        """Everything of the prefix, asked for without the code under test."""
        client = self.cloud.client
        found = [
            *(role["Arn"] for role in client("iam").list_roles()["Roles"]),
            *client("eks").list_access_entries(clusterName="demo")["accessEntries"],
            *(item["repositoryArn"] for item in client("ecr").describe_repositories()["repositories"]),
            *(stack["StackName"] for stack in client("cloudformation").describe_stacks()["Stacks"]),
        ]
        return [name for name in found if PREFIX in name]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with LocalCloud(tmp_path_factory.mktemp("verify-aws") / "cloud") as cloud:
        operator = cloud.create_operator()
        cloud.begin_cluster("demo", creator=operator)
        cloud.bootstrap()
        cluster = cloud.finish_cluster("demo")
        keys = {"AWS_ACCESS_KEY_ID": operator["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": operator["SecretAccessKey"]}
        # Nothing leaves this machine.
        proxies = {"HTTPS_PROXY": CLOSED_PROXY, "https_proxy": CLOSED_PROXY}
        yield Account(cloud=cloud, cluster=cluster, environment=cloud.environment() | keys | proxies | make_tool_path())


def test_it_answers_what_the_emulator_can_and_leaves_nothing(account: Account, tmp_path: Path) -> None:
    page = tmp_path / "verified-on-aws.md"

    other = account.cloud.create_role("theirs", account=_OTHER_ACCOUNT)

    with account.start(f"--page={page}", f"--other-principal={other}", "--checks=1") as run:
        output, _ = run.communicate()

    assert run.returncode == 0, output
    rows = dict(re.findall(r'^\| <a id="(.*?)"></a>.* \| (\S+) \|$', page.read_text(), re.MULTILINE))
    assert {name for name, verdict in rows.items() if verdict == "open"} == _NOT_OF_THE_EMULATOR, output
    assert {name for name, verdict in rows.items() if verdict == "**wrong**"} - _NOT_MEASURED == _UNLIKE_AWS, output
    assert "the Secret: 200" in output
    assert len(rows) == len(ALL)
    assert "000000000000" not in page.read_text()
    assert account.find_leftovers() == []


def test_an_interrupted_run_leaves_nothing(account: Account, tmp_path: Path) -> None:
    with account.start(f"--page={tmp_path / 'page.md'}") as run:
        assert run.stdout
        while "lifetime-role" not in run.stdout.readline():
            assert run.poll() is None
        assert account.find_leftovers()
        run.send_signal(signal.SIGINT)
        output, _ = run.communicate()

    assert run.returncode == 130, output
    assert account.find_leftovers() == []
    assert not (tmp_path / "page.md").exists()


def test_what_a_crash_left_stops_the_next_run_until_it_is_cleaned_up(account: Account, tmp_path: Path) -> None:
    iam = account.cloud.client("iam")
    ours = {"RoleName": f"{PREFIX}-ours", "Tags": TAGS}
    others = {"RoleName": f"{PREFIX}-others"}
    for role in (ours, others):
        iam.create_role(**role, AssumeRolePolicyDocument="{}")

    with account.start(f"--page={tmp_path / 'page.md'}") as run:
        refusal, _ = run.communicate()
    with account.start("--clean-up") as clean_up:
        output, _ = clean_up.communicate()

    assert f"An earlier run left role {PREFIX}-ours." in refusal
    assert clean_up.returncode == 0, output
    iam.delete_role(**others)
    assert account.find_leftovers() == []
