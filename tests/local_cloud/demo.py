"""`python -m tests.local_cloud.demo`: the main job from nothing to nothing, told as it happens.

Nothing is invoked by hand in it.
"""

import base64
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from types import FrameType
from typing import Any

from tests.local_cloud import binaries
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.local_cloud.environment import ACCOUNT, REGION

_ROOT = Path(__file__).parents[2]
_REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
_SECRET = "/api/v1/namespaces/argocd/secrets/ecr-auth"
_CONFIG_MAP = "/api/v1/namespaces/argocd/configmaps/ecr-auth"
# A schedule of one minute, and the time that a first, cold run takes.
_TICK_SECONDS = 100
_PROGRESS_SECONDS = 10


@dataclass(kw_only=True)
class Story:
    """Tells each step with the time that it took, and all of them once more at the end."""

    steps: list[tuple[str, float]] = field(default_factory=list)

    @contextmanager
    def step(self, title: str, *, why: str) -> Iterator[None]:
        print(f"\n{len(self.steps) + 1}. {title}\n   {why}", flush=True)
        started = time.monotonic()
        yield
        seconds = time.monotonic() - started
        self.steps.append((title, seconds))
        print(f"   done in {seconds:.0f} s", flush=True)

    def summary(self) -> str:
        lines = [f"  {seconds:4.0f} s  {title}" for title, seconds in self.steps]
        return "\n".join([*lines, f"  {sum(seconds for _, seconds in self.steps):4.0f} s  in all"])


def main() -> None:
    # They would end it without a word of Python's, and leave its files.
    for number in (signal.SIGTERM, signal.SIGHUP):
        # Under nohup, a hang-up stays ignored.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _give_up)
    story = Story()
    with tempfile.TemporaryDirectory(prefix="argo-ecr-auth-demo-") as folder:
        cloud = LocalCloud(Path(folder) / "cloud")
        try:
            cluster = _bring_up(story, cloud)
            _install(story, cloud, cluster, Path(folder) / "cdk.out")
            _watch(story, cloud, cluster)
        finally:
            with story.step("Down", why="Every process ended, every file removed."):
                cloud.stop()
    print("\nWhat you saw: a schedule renewed and repaired an Argo CD credential, from outside the cluster.\n")
    print(story.summary())


def _give_up(number: int, _: FrameType | None) -> None:
    # Once: what is then tidied up is not to be interrupted.
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)


def _bring_up(story: Story, cloud: LocalCloud) -> Cluster:
    with story.step("Up", why="AWS on this machine, with IAM enforced, and an EKS cluster `demo`: a real API server."):
        cloud.start()
        return cloud.create_cluster("demo", namespaces=["argocd"])


def _install(story: Story, cloud: LocalCloud, cluster: Cluster, output: Path) -> None:
    context = {"cluster": "demo", "registry": _REGISTRY, "check_every": "1m", **cloud.cdk_context()}
    arguments = [f"--context={key}={value}" for key, value in context.items()]
    with story.step("cdk bootstrap", why="What CDK needs once in each account and region."):
        _waiting(cloud.bootstrap)
    with story.step("cdk synth", why="The function's asset, the template, and the cluster's manifest."):
        _cdk(cloud, "synth", "--quiet", f"--output={output}", *arguments)
    with story.step("kubectl apply", why="The Role: get, create and patch, on these two objects by name."):
        command = [str(binaries.find().kubectl), "apply", "-f", str(output / "rbac")]
        _run(command, env=cloud.environment() | {"KUBECONFIG": str(cluster.kubeconfig)})
    with story.step("cdk deploy", why="Function, role, access entry and a schedule of one minute."):
        _cdk(cloud, "deploy", "--all", "--require-approval=never", f"--app={output}", "--progress=events")


def _watch(story: Story, cloud: LocalCloud, cluster: Cluster) -> None:
    def get(path: str) -> dict[str, Any] | None:
        status, answer = cluster.admin.request("GET", path)
        return answer if status == 200 else None

    def password() -> str | None:
        secret = get(_SECRET)
        return secret["data"]["password"] if secret else None

    with story.step("The schedule fires by itself", why="The first run creates the Secret, then the ConfigMap."):
        _waiting(lambda: _until(lambda: get(_SECRET) and get(_CONFIG_MAP)))
        _show(get(_SECRET), get(_CONFIG_MAP))
        _show_results(cloud)
    with story.step("The Secret is deleted", why="The next run finds it missing and writes it with a new token."):
        first = password()
        cluster.admin.request("DELETE", _SECRET)
        _waiting(lambda: _until(lambda: password() not in {None, first}))
        _show_results(cloud)
    with story.step("The password is overwritten", why="The next run sees that it is not the one that it wrote."):
        garbage = base64.b64encode(b"garbage").decode()
        patch = {"data": {"password": garbage}}
        cluster.admin.request("PATCH", _SECRET, patch, content_type="application/merge-patch+json")
        _waiting(lambda: _until(lambda: password() != garbage))
        _show_results(cloud)


def _until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + _TICK_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            sys.exit(f"nothing happened within {_TICK_SECONDS} s")
        time.sleep(0.5)


def _waiting(work: Callable[[], None]) -> None:
    """Do the work; a line now and then says that it goes on."""
    done = Event()
    started = time.monotonic()

    def tell() -> None:
        while not done.wait(_PROGRESS_SECONDS):
            print(f"   ... {time.monotonic() - started:.0f} s", flush=True)

    teller = Thread(target=tell)
    teller.start()
    try:
        work()
    finally:
        done.set()
        teller.join()


def _show(*objects: dict[str, Any] | None) -> None:
    for found in filter(None, objects):
        metadata, data = found["metadata"], dict(found["data"])
        if found["kind"] == "Secret":
            data = {key: base64.b64decode(value).decode() for key, value in data.items()}
            data["password"] = f"({len(data['password'])} characters)"
        print(f"   {found['kind']} {metadata['namespace']}/{metadata['name']}")
        for key, value in {**metadata["labels"], **data}.items():
            print(f"      {key}: {value}")


def _show_results(cloud: LocalCloud) -> None:
    """The function's own log line of the latest run that did something."""
    logs = cloud.client("logs")
    deadline = time.monotonic() + _PROGRESS_SECONDS
    while time.monotonic() < deadline:
        lines = [
            json.loads(event["message"])
            for group in logs.describe_log_groups()["logGroups"]
            for event in logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
            if event["message"].startswith("{") and '"action"' in event["message"]
        ]
        told = [line for line in lines if line["action"] in {"created", "repaired", "renewed"}]
        if told:
            line = max(told, key=lambda line: line["timestamp"])
            print(f"   the function: {line['action']}, for {line['reason']}; good until {line['expires_at']}")
            return
        time.sleep(0.5)


def _cdk(cloud: LocalCloud, *arguments: str) -> None:
    # Node.js may be the one of the Python packages.
    environment = cloud.environment() | {"PATH": f"{_ROOT / '.venv/bin'}:{os.environ['PATH']}"}
    _waiting(lambda: _run([str(_ROOT / ".venv/bin/cdk"), *arguments], env=environment))


def _run(command: list[str], *, env: dict[str, str]) -> None:
    done = subprocess.run(
        command, cwd=_ROOT, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()
