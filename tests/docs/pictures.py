"""`python -m tests.docs.pictures`: draws what a terminal shows of `status`, `doctor` and the demo, from real output.

It deploys into a cloud on this machine, looks, breaks two things and looks again; then it runs the demo.
"""

import os
import re
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tests.cli.command_line import CommandLine, make_command_line_with
from tests.cli.doctor import create_secret
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.support.function import REGISTRY
from tests.support.installation import INSTALLATION, Installation
from tests.support.objects import Objects

_TOP = Path(__file__).parents[2]
_PICTURES = _TOP / "docs" / "pictures"
_COLUMNS = 110
# A small fleet, whose targets are namespaces of one cluster.
_FLEET = f"""\
credentials:
  - registry: {REGISTRY}
    verify: off # there is no registry on this machine
targets:
  - {{cluster: demo, name: prod-eu}}
  - {{cluster: demo, name: prod-us, namespace: us}}
  - {{cluster: demo, name: staging, namespace: staging}}
  - {{cluster: demo, name: sandbox, namespace: sandbox, enabled: false}}
check_every: 1m
"""


def draw_terminal(output: str, *, title: str) -> str:
    """An SVG of a terminal that shows the output, with its colors."""
    console = Console(record=True, width=_COLUMNS, file=StringIO(), force_terminal=True)
    console.print(Text.from_ansi(output))
    # Without an id of its own, each picture would be another one.
    picture = console.export_svg(title=title, unique_id=re.sub("[^a-z]", "-", title))
    # A font of another host: the reader's own monospace font serves too.
    return re.sub(r"\s*@font-face \{.*?\n    \}", "", picture, flags=re.DOTALL)


def main() -> None:
    _PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        _draw_commands(Path(folder))
    _draw_demo()


def _draw_commands(folder: Path) -> None:
    (folder / "settings.yaml").write_text(_FLEET)
    with LocalCloud(folder / "cloud") as cloud:
        operator = cloud.create_operator()
        cluster = cloud.create_cluster("demo", creator=operator, namespaces=["argocd", "us", "staging", "sandbox"])
        cloud.bootstrap()
        context = {"settings": str(folder / "settings.yaml"), **cloud.cdk_context()}
        installation = Installation(cloud=cloud, cluster=cluster, output=folder / "cdk.out", context=context)
        installation.cdk("synth", "--quiet")
        installation.apply_manifests()
        installation.cdk("deploy", "--all", "--require-approval=never")
        installation.invoke({})
        command_line = make_command_line_with(cloud, operator, directory=folder)
        for namespace in ("us", "staging"):
            _delete_role_binding(cluster, namespace=namespace)
        cluster.admin.request("DELETE", "/api/v1/namespaces/staging/secrets/ecr-auth")
        while not all(result["action"] == "failed" for result in installation.invoke({}).results[1:]):
            pass  # the API server knows the old Roles for a moment
        _draw_command(command_line, "status")
        objects = Objects(admin=cluster.admin, namespace="argocd")
        create_secret(objects, "last-year", kind="repository", url=REGISTRY, username="AWS", password="expired")
        _delete_role_binding(cluster, namespace="argocd")
        _draw_command(command_line, "doctor", "prod-eu")


def _delete_role_binding(cluster: Cluster, *, namespace: str) -> None:
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings/{INSTALLATION}"
    status, answer = cluster.admin.request("DELETE", path)
    assert status == 200, answer


def _draw_command(command_line: CommandLine, command: str, *targets: str) -> None:
    with command_line.in_terminal(command, *targets, columns=_COLUMNS) as terminal:
        terminal.end()
        # The progress goes from a terminal when the command ends.
        shown = re.sub(r"\x1b\[(?!\d*(?:;\d+)*m)[0-9;?]*[A-Za-z]", "", terminal.raw.replace("\r\n", "\n"))
        lines = [line.rpartition("\r")[2] for line in shown.strip("\n").split("\n") if "━" not in line]
    text = f"$ argo-ecr-auth {' '.join([command, *targets])}\n" + "\n".join(lines)
    (_PICTURES / f"{command}.svg").write_text(draw_terminal(text, title=f"argo-ecr-auth {command}"))


def _draw_demo() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.local_cloud.demo"], cwd=_TOP, env=os.environ | {"COLUMNS": str(_COLUMNS)},
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    (_PICTURES / "demo.svg").write_text(
        draw_terminal(f"$ make demo\n...\n\n{tell_story(done.stdout)}", title="make demo")
    )


def tell_story(output: str) -> str:
    """The demo's steps from the first run on, as a terminal colors them, without progress and durations."""
    story, _, summary = output[output.index("Wait for the first run") :].partition("\nA schedule created")
    steps = [_shorten_step(step) for step in re.split(r"\n\n(?=\d+\. )", story)[1:-1]]
    result = f"A schedule created{summary}".partition("\n\n")[0]
    return "\n\n".join([*steps, result])


def _shorten_step(step: str) -> str:
    title, *lines = step.splitlines()
    kept = [line for line in lines if not re.search(r": (\d+ min )?\d+ s (of about|so far)|   Done in \d+ s\.$", line)]
    colored = [
        f"\x1b[32m{line}\x1b[0m" if "is Synced" in line else f"\x1b[31m{line}\x1b[0m" if "is Unknown" in line else line
        for line in kept
    ]
    return "\n".join([f"\x1b[1m{title}\x1b[0m", *colored])


if __name__ == "__main__":
    main()
