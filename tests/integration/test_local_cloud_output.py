"""What `make demo` and `make up` print."""

import os
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import pytest

from tests.argo_cd.demo import explain_missing, find_missing
from tests.docs.pictures import tell_story
from tests.local_cloud.environment import CLOSED_PROXY
from tests.local_cloud.terminal import GREEN, print_text, show_progress


class _Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [StringIO(), _Terminal()], ids=["file", "terminal"])
def test_progress_names_what_it_waits_for_in_one_line_on_a_terminal(stream: StringIO) -> None:
    deadline = time.monotonic() + 10
    with show_progress("compiling", about=90, stream=stream, every=0.01):
        while stream.getvalue().count("   compiling: 0 s of about 1 min 30 s") < 2:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert ("\n" in stream.getvalue()) != stream.isatty()


def test_text_fits_the_terminal_and_has_no_color_elsewhere(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    print_text("one two three " * 10, style=GREEN)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 3
    assert [line for line in lines if len(line) > 40 or not line.startswith("   ") or "\x1b" in line] == []


def test_a_missing_registry_program_is_named_as_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("bin/argocd", "bin/helm", "bin/miniredis", "crds"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch(mode=0o755)
    for name in ("ARGO_CD_ASSETS", "PATH", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    message = explain_missing(find_missing())
    assert message.startswith("The demo's Application needs programs that are not here: a registry, distribution ")


def test_the_picture_of_the_demo_has_its_steps_without_progress() -> None:
    steps = {
        "Start": "Done in 1 s.",
        "Wait for the first run": "Done in 1 s.",
        "Delete": "waiting: 30 s of about 1 min 00 s\n   The Application demo is Synced\n   Done in 2 s.",
        "Stop": "Done in 1 s.",
    }
    output = "".join(f"\n{i}. {title}\n   {lines}\n" for i, (title, lines) in enumerate(steps.items(), start=1))
    story = tell_story(f"{output}\nA schedule created it.\n\n  1 s  Start\n")
    assert story == (
        "\x1b[1m3. Delete\x1b[0m\n\x1b[32m   The Application demo is Synced\x1b[0m\n\nA schedule created it."
    )


@pytest.mark.parametrize("arguments", [["tests.local_cloud", "up"], ["tests.local_cloud.demo"]], ids=["up", "demo"])
def test_an_interrupted_build_leaves_no_traceback(arguments: list[str], tmp_path: Path) -> None:
    """In a checkout of its own, with a `go` that builds forever."""
    for name in ("tests", ".venv-cloud"):
        (tmp_path / name).symlink_to(Path(__file__).parents[2] / name)
    (tmp_path / "go").write_text(f"#!/bin/sh\n[ $1 = list ] || {{ touch {tmp_path}/building; exec sleep 600; }}\n")
    (tmp_path / "go").chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_ASSETS")}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "HTTPS_PROXY": CLOSED_PROXY}
    environment["PATH"] = f"{tmp_path}:{environment['PATH']}"
    module, *options = arguments
    # An interrupt may be ignored here already.
    program = "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    program += f"runpy.run_module('{module}', run_name='__main__')"
    command = [sys.executable, "-c", program, *options]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            deadline = time.monotonic() + 60
            while not (tmp_path / "building").exists():
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            _, shown = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, "Traceback" in shown) == (130, False)
