"""The end of a local cloud: also after a crash, and without harm to anything else."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from tests.local_cloud import emulator_process, processes
from tests.local_cloud.__main__ import lock_checkout
from tests.local_cloud.cloud import LocalCloud
from tests.servers.faults import hang
from tests.servers.server import Fault, Server, always

_ROOT = Path(__file__).parents[2]
_MARKER = "local-cloud.json"
_DEMO = "from tests.local_cloud import demo; demo.main()"


def test_a_killed_cloud_leaves_nothing_and_another_is_not_affected(tmp_path: Path) -> None:
    with LocalCloud(tmp_path / "one") as one, LocalCloud(tmp_path / "another") as another:
        one.begin_cluster("same")
        another.begin_cluster("same")
        one.finish_cluster("same")
        survivor = another.finish_cluster("same")
        emulator = one._server.process  # noqa: SLF001
        assert emulator is not None
        emulator.kill()
        deadline = time.monotonic() + 10
        while processes.find(one.state_dir):
            assert time.monotonic() < deadline, "its API server outlived it"
            time.sleep(0.05)
        one.stop()
        assert not one.state_dir.exists()
        assert survivor.admin.request("GET", "/readyz")[0] == HTTPStatus.OK

        for pid in processes.find(another.state_dir)[:2]:
            os.kill(pid, signal.SIGKILL)
        (another.state_dir / "local-cloud.json").write_text("{")
        another.stop()
        assert not processes.find(tmp_path)
        assert not list(tmp_path.iterdir())


def test_what_is_no_cloud_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    with pytest.raises(FileExistsError):
        LocalCloud(tmp_path).start()
    assert (tmp_path / "precious").exists()


def test_a_removal_that_was_interrupted_anywhere_can_be_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state_dir = tmp_path / "cloud"
    interruptions = 0
    while True:
        # Many, for a folder lists them in an order of its own, in which the marker could come last.
        for name in (_MARKER, "clusters/demo/file", "tmp/file", *map(str, range(20))):
            (state_dir / name).parent.mkdir(parents=True, exist_ok=True)
            (state_dir / name).touch()
        with monkeypatch.context() as patch:
            _interrupt(patch, after=interruptions)
            try:
                emulator_process.stop(state_dir)
            except KeyboardInterrupt:
                interruptions += 1
            else:
                break
        emulator_process.stop(state_dir)
        assert not state_dir.exists()
    assert interruptions > 20


def _interrupt(patch: pytest.MonkeyPatch, *, after: int) -> None:
    """Let so many files or folders be removed and the next one not."""
    left = iter(range(after))
    for name, remove in (("unlink", os.unlink), ("rmdir", os.rmdir)):

        def interrupted(*arguments: Any, _remove: Any = remove, **options: Any) -> None:
            if next(left, None) is None:
                raise KeyboardInterrupt
            _remove(*arguments, **options)

        patch.setattr(os, name, interrupted)


def _send(raw: bytes) -> Fault:
    return lambda connection: connection.sendall(raw)


@pytest.mark.parametrize(
    "answer",
    [
        hang,
        _send(b""),
        _send(b"220 welcome\r\n"),
        _send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
        _send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"),
        _send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"),
        _send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
        _send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff\xff"),
    ],
)
def test_another_program_at_a_dead_clouds_port_is_not_taken_for_it(answer: Fault, tmp_path: Path) -> None:
    with Server(always(answer), tls=False) as server:
        (tmp_path / _MARKER).write_text(json.dumps({"port": server.port}))
        assert not LocalCloud(tmp_path).is_running()


@contextmanager
def _running(arguments: Sequence[str | Path]) -> Iterator[int]:
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        command = Path(f"/proc/{process.pid}/cmdline")
        while command.exists() and not command.read_bytes():  # the kernel fills it in after the exec
            time.sleep(0.01)
        yield process.pid
    finally:
        process.kill()
        process.communicate()


def test_a_clouds_processes_are_found_and_those_that_only_name_its_files_are_not(tmp_path: Path) -> None:
    worker = tmp_path / "one" / "tmp" / "ministack-lambda-abc" / "_worker.py"
    worker.parent.mkdir(parents=True)
    worker.write_text("import sys; sys.stdin.read()")
    directory = tmp_path / "one"
    observed = [sys.executable, "-c", worker.read_text()]
    bystanders: list[list[str | Path]] = [
        ["tail", "-f", worker],
        [*observed, "-m", "tests.local_cloud.emulator", directory],
        [*observed, "local-cloud-guard", directory],
        [*observed, f"--data-dir={directory}/etcd"],
        [*observed, f"-m tests.local_cloud.emulator {directory}"],
    ]
    with _running([sys.executable, "-I", "-S", worker]) as function:
        for bystander in bystanders:
            with _running(bystander):
                assert processes.find(directory) == [function], bystander
        assert processes.find(tmp_path) == [function]
        assert processes.find(tmp_path / "on") == []


def test_a_second_up_or_down_waits_and_reports_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entered = Event()

    def enter() -> None:
        with lock_checkout(tmp_path):
            entered.set()

    with lock_checkout(tmp_path):
        assert capsys.readouterr().out == ""
        second = Thread(target=enter)
        second.start()
        deadline = time.monotonic() + 10
        while "Waiting for another" not in capsys.readouterr().out:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert not entered.is_set()
    second.join()
    assert entered.is_set()


def test_down_needs_no_packages(tmp_path: Path) -> None:
    """In a checkout whose .venv is gone, what runs can be stopped."""
    (tmp_path / "tests").symlink_to(_ROOT / "tests")
    command = [sys.executable, "-S", "-m", "tests.local_cloud", "down"]
    done = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("There was no local cloud.\n", "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_demo_that_is_told_to_end_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    demo = subprocess.Popen(
        # A hang-up may be ignored here already.
        [sys.executable, "-c", f"import signal; signal.signal({number:d}, signal.SIG_DFL); {_DEMO}"],
        cwd=_ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not processes.find(tmp_path):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    demo.send_signal(number)
    shown, _ = demo.communicate(timeout=60)
    assert demo.returncode == 128 + number
    assert "Stop the local cloud" in shown
    assert not processes.find(tmp_path)
    assert not list(tmp_path.iterdir())
