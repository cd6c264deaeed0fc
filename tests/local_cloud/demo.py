"""`python -m tests.local_cloud.demo`: shows the main job on this machine, from an empty cloud to its removal.

The schedule runs the function; nothing is invoked by hand.
"""

import base64
import json
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType
from typing import Any

from tests.argo_cd.assets import Assets
from tests.argo_cd.demo import HOW_TO_GET, explain_missing, find_missing, find_or_build, show_application
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.local_cloud.terminal import Story, print_text, show_progress
from tests.support.function import REGISTRY
from tests.support.installation import Installation
from tests.support.objects import Objects, encode_base64

_LOG_SECONDS = 20
_CDK_SECONDS = 30  # an estimate, for people
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_WRITTEN = {"created", "repaired", "renewed"}


def main() -> None:
    # By default these signals end the process at once, and its files stay; or, SIGINT, print a traceback.
    for number in _SIGNALS:
        # nohup lets a hang-up be ignored.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _give_up)
    assets = _find_argo_cd()
    story = Story()
    with tempfile.TemporaryDirectory(prefix="argo-ecr-auth-demo-") as folder:
        cloud = LocalCloud(Path(folder) / "cloud")
        try:
            cluster = _bring_up(story, cloud)
            _watch(story, _install(story, cloud, cluster, Path(folder)))
            if assets is not None:
                directory = Path(folder) / "argo-cd"
                show_application(story, assets=assets, cloud=cloud, cluster=cluster, directory=directory)
        finally:
            with story.step("Stop the local cloud", why="All its processes end, all its files are removed."):
                cloud.stop()
    kept = ", and its Application stayed Synced across a renewal" if assets else ""
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


def _install(story: Story, cloud: LocalCloud, cluster: Cluster, folder: Path) -> Installation:
    credential = {"registry": REGISTRY, "kind": "argo-cd", "verify": "off"}  # no registry answers here
    settings = folder / "settings.yaml"  # JSON is YAML too
    settings.write_text(
        json.dumps({"credentials": [credential], "targets": [{"cluster": "demo"}], "check_every": "1m"})
    )
    context = {"settings": str(settings), **cloud.cdk_context()}
    installation = Installation(cloud=cloud, cluster=cluster, output=folder / "cdk.out", context=context)
    with (
        story.step("cdk bootstrap", why="CDK needs it once in each account and region."),
        show_progress("cdk bootstrap", about=_CDK_SECONDS),
    ):
        cloud.bootstrap()
    with (
        story.step("cdk synth", why="It writes the template, the function's asset and the cluster's manifest."),
        show_progress("cdk synth", about=_CDK_SECONDS),
    ):
        installation.cdk("synth", "--quiet")
    with story.step(
        "kubectl apply", why="The Role allows get, create and patch on three Secrets and their ConfigMaps, by name."
    ):
        installation.apply_manifests()
    with (
        story.step("cdk deploy", why="It makes the function, its role, the access entry and a schedule of one minute."),
        show_progress("cdk deploy", about=_CDK_SECONDS),
    ):
        installation.deploy()
    return installation


def _watch(story: Story, installation: Installation) -> None:
    credential = Objects(admin=installation.cluster.admin, namespace="argocd")

    with story.step(
        "Wait for the first run",
        why="The schedule starts the function, which creates all that Argo CD needs of this registry: a repository and "
        "two credential templates, each a Secret with a ConfigMap. This is the repository:",
    ):
        event = "the schedule to create the Secret and the ConfigMap"
        story.wait_for(event, lambda: credential.get("secrets") and credential.get("configmaps"))
        _show(credential.require("secrets"), credential.require("configmaps"))
        _show_results(installation)
    with story.step("Delete the Secret", why="The next run finds that it is missing and writes it with a new token."):
        first = credential.password
        credential.delete("secrets")
        event = "the next run to write the Secret again"
        story.wait_for(event, lambda: credential.get("secrets") and credential.password != first)
        _show_results(installation)
    with story.step("Overwrite the password", why="The next run finds that this is not the password that it wrote."):
        credential.patch("secrets", {"data": {"password": encode_base64("garbage")}})
        story.wait_for("the next run to replace the password", lambda: credential.password != "garbage")
        _show_results(installation)


def _find_argo_cd() -> Assets | None:
    """The programs of the last part, None without them; the story begins with that, so that nobody waits for it."""
    try:
        if missing := find_missing():
            print_text(explain_missing(missing), indent=0)
            if not (sys.stdin.isatty() and sys.stdout.isatty()):
                print_text(HOW_TO_GET, indent=0)
                return None
            if input("Build now? [y/N] ").strip().lower() not in {"y", "yes"}:
                return None
        return find_or_build()
    except FileNotFoundError as error:
        sys.exit(str(error))


def _show(*objects: dict[str, Any]) -> None:
    for found in objects:
        metadata, data = found["metadata"], dict(found["data"])
        if found["kind"] == "Secret":
            data = {key: base64.b64decode(value).decode() for key, value in data.items()}
            data["password"] = f"({len(data['password'])} characters)"
        print(f"   {found['kind']} {metadata['namespace']}/{metadata['name']}")
        for key, value in {**metadata["labels"], **data}.items():
            print(f"      {key}: {value}")


def _show_results(installation: Installation) -> None:
    """Print what the function logged in the latest run that wrote."""
    deadline = time.monotonic() + _LOG_SECONDS
    while time.monotonic() < deadline:
        lines = [
            json.loads(line) for line in installation.log().splitlines() if line.startswith('{"') and '"action"' in line
        ]
        written = [line for line in lines if line["action"] in _WRITTEN and line["secret"] == "argocd/ecr-auth"]
        if written:
            line = max(written, key=lambda line: line["timestamp"])
            until, reason = line["expires_at"], line["reason"]
            print_text(f"The function's log: {line['action']}, valid until {until}; reason: {reason}")
            return
        time.sleep(0.5)


if __name__ == "__main__":
    main()
