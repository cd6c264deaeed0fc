"""`python -m tests.local_cloud.demo`: shows the main job on this machine, from an empty cloud to its removal.

The schedule runs the function; nothing is invoked by hand.
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
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from tests.local_cloud import binaries
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.local_cloud.environment import ACCOUNT, REGION
from tests.local_cloud.terminal import BOLD, GREEN, print_text, show_progress

_ROOT = Path(__file__).parents[2]
_REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
_SECRET = "/api/v1/namespaces/argocd/secrets/ecr-auth"
_CONFIG_MAP = "/api/v1/namespaces/argocd/configmaps/ecr-auth"
# The schedule's minute and a cold start.
_TICK_SECONDS = 100
_LOG_SECONDS = 20
# Estimates, for people.
_RUN_SECONDS, _CDK_SECONDS = 60, 30
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_WRITTEN = {"created", "repaired", "renewed"}


@dataclass(kw_only=True)
class Story:
    """Prints each step with the time that it took, and a table of all steps at the end."""

    steps: list[tuple[str, float]] = field(default_factory=list)

    @contextmanager
    def step(self, title: str, *, why: str) -> Iterator[None]:
        print()
        print_text(f"{len(self.steps) + 1}. {title}", indent=0, style=BOLD)
        print_text(why)
        started = time.monotonic()
        yield
        seconds = time.monotonic() - started
        self.steps.append((title, seconds))
        print_text(f"Done in {seconds:.0f} s.", style=GREEN)

    def summarize(self) -> str:
        lines = [f"  {seconds:4.0f} s  {title}" for title, seconds in self.steps]
        return "\n".join([*lines, f"  {sum(seconds for _, seconds in self.steps):4.0f} s  total"])


def main() -> None:
    # By default these signals end the process at once, and its files stay; or, SIGINT, print a traceback.
    for number in _SIGNALS:
        # nohup lets a hang-up be ignored.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _give_up)
    argo_cd = _find_argo_cd()
    story = Story()
    with tempfile.TemporaryDirectory(prefix="argo-ecr-auth-demo-") as folder:
        cloud = LocalCloud(Path(folder) / "cloud")
        try:
            cluster = _bring_up(story, cloud)
            _install(story, cloud, cluster, Path(folder) / "cdk.out")
            _watch(story, cloud, cluster)
            if argo_cd is not None:
                argo_cd(story, cloud=cloud, cluster=cluster, directory=Path(folder) / "argo-cd", wait_for=_wait_for)
        finally:
            with story.step("Stop the local cloud", why="All its processes end, all its files are removed."):
                cloud.stop()
    kept = ", and its Application stayed Synced across a renewal" if argo_cd else ""
    print()
    print_text(f"A schedule created and repaired a credential of Argo CD, from outside the cluster{kept}.", indent=0)
    print()
    print(story.summarize())


def _give_up(number: int, _: FrameType | None) -> None:
    # Once: another signal must not interrupt the removal.
    for other in _SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    sys.exit(128 + number)


def _bring_up(story: Story, cloud: LocalCloud) -> Cluster:
    with story.step(
        "Start the local cloud", why="AWS with IAM enforced, and an EKS cluster, which is a real API server."
    ):
        cloud.start()
        return cloud.create_cluster("demo", namespaces=["argocd"])


def _install(story: Story, cloud: LocalCloud, cluster: Cluster, output: Path) -> None:
    credential = {"registry": _REGISTRY, "kind": "argo-cd", "verify": "off"}  # no registry answers here
    settings = output.with_name("settings.yaml")  # JSON is YAML too
    settings.write_text(
        json.dumps({"credentials": [credential], "targets": [{"cluster": "demo"}], "check_every": "1m"})
    )
    context = {"settings": str(settings), **cloud.cdk_context()}
    arguments = [f"--context={key}={value}" for key, value in context.items()]
    with (
        story.step("cdk bootstrap", why="CDK needs it once in each account and region."),
        show_progress("cdk bootstrap", about=_CDK_SECONDS),
    ):
        cloud.bootstrap()
    with story.step("cdk synth", why="It writes the template, the function's asset and the cluster's manifest."):
        _cdk(cloud, "synth", "--quiet", f"--output={output}", *arguments)
    with story.step(
        "kubectl apply", why="The Role allows get, create and patch on three Secrets and their ConfigMaps, by name."
    ):
        command = [str(binaries.find().kubectl), "apply", "-f", str(output / "rbac")]
        _run(command, env=cloud.environment() | {"KUBECONFIG": str(cluster.kubeconfig)})
    with story.step(
        "cdk deploy", why="It makes the function, its role, the access entry and a schedule of one minute."
    ):
        _cdk(cloud, "deploy", "--all", "--require-approval=never", f"--app={output}", "--progress=events")


def _watch(story: Story, cloud: LocalCloud, cluster: Cluster) -> None:
    def get(path: str) -> dict[str, Any] | None:
        status, answer = cluster.admin.request("GET", path)
        return answer if status == 200 else None

    def password() -> str | None:
        secret = get(_SECRET)
        return secret["data"]["password"] if secret else None

    with story.step(
        "Wait for the first run",
        why="The schedule starts the function, which creates all that Argo CD needs of this registry: a repository and "
        "two credential templates, each a Secret with a ConfigMap. This is the repository:",
    ):
        _wait_for("the schedule to create the Secret and the ConfigMap", lambda: get(_SECRET) and get(_CONFIG_MAP))
        _show(get(_SECRET), get(_CONFIG_MAP))
        _show_results(cloud)
    with story.step("Delete the Secret", why="The next run finds that it is missing and writes it with a new token."):
        first = password()
        cluster.admin.request("DELETE", _SECRET)
        _wait_for("the next run to write the Secret again", lambda: password() not in {None, first})
        _show_results(cloud)
    with story.step("Overwrite the password", why="The next run finds that this is not the password that it wrote."):
        garbage = base64.b64encode(b"garbage").decode()
        patch = {"data": {"password": garbage}}
        cluster.admin.request("PATCH", _SECRET, patch, content_type="application/merge-patch+json")
        _wait_for("the next run to replace the password", lambda: password() != garbage)
        _show_results(cloud)


def _find_argo_cd() -> Callable[..., None] | None:
    """The last part, None without its programs; the story begins with that, so that nobody waits for it."""
    # What it needs is only in the environment of the tests.
    from tests.argo_cd import demo  # noqa: PLC0415

    try:
        if missing := demo.find_missing():
            print_text(demo.explain_missing(missing), indent=0)
            if not (sys.stdin.isatty() and sys.stdout.isatty()):
                print_text(demo.HOW_TO_GET, indent=0)
                return None
            if input("Build now? [y/N] ").strip().lower() not in {"y", "yes"}:
                return None
        return partial(demo.show_application, assets=demo.find_or_build())
    except FileNotFoundError as error:
        sys.exit(str(error))


def _wait_for(event: str, has_happened: Callable[[], object]) -> None:
    """Wait for the schedule's next run to cause this."""

    def wait() -> None:
        deadline = time.monotonic() + _TICK_SECONDS
        while not has_happened():
            if time.monotonic() > deadline:
                sys.exit(f"The demo waited {_TICK_SECONDS} s for {event}, in vain.")
            time.sleep(0.5)

    with show_progress(f"waiting for {event}", about=_RUN_SECONDS):
        wait()


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
    """Print the function's log line of the latest run that wrote."""
    logs = cloud.client("logs")
    deadline = time.monotonic() + _LOG_SECONDS
    while time.monotonic() < deadline:
        lines = [
            json.loads(event["message"])
            for group in logs.describe_log_groups()["logGroups"]
            for event in logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
            if event["message"].startswith("{") and '"action"' in event["message"]
        ]
        written = [line for line in lines if line["action"] in _WRITTEN and line["secret"] == "argocd/ecr-auth"]
        if written:
            line = max(written, key=lambda line: line["timestamp"])
            print_text(describe_run(line))
            return
        time.sleep(0.5)


def describe_run(line: dict[str, Any]) -> str:
    """What the function logged about a credential, for people."""
    return f"The function's log: {line['action']}, valid until {line['expires_at']}; reason: {line['reason']}"


def _cdk(cloud: LocalCloud, *arguments: str) -> None:
    # Node.js may be the one of the Python packages.
    environment = cloud.environment() | {"PATH": f"{_ROOT / '.venv/bin'}:{os.environ['PATH']}"}
    with show_progress(f"cdk {arguments[0]}", about=_CDK_SECONDS):
        _run([str(_ROOT / ".venv/bin/cdk"), *arguments], env=environment)


def _run(command: list[str], *, env: dict[str, str]) -> None:
    done = subprocess.run(
        command, cwd=_ROOT, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()
