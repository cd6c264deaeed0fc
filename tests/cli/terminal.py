"""A real terminal for a program: a pty, whose other end is the test."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A program whose standard input, output and error are a terminal; killed where a test leaves it running."""

    def __init__(self, command: Sequence[str], *, cwd: Path, env: Mapping[str, str], columns: int) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        # The terminal alone says how wide it is, not who runs the tests.
        without_size = {name: value for name, value in env.items() if name not in {"COLUMNS", "LINES"}}
        self.process = subprocess.Popen(
            command, cwd=cwd, env=without_size, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)
        self._shown = bytearray()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        os.close(self._master)

    @property
    def raw(self) -> str:
        """Everything that the terminal was given."""
        return self._shown.decode(errors="replace")

    @property
    def text(self) -> str:
        """The same without colors and other commands to the terminal."""
        return _ESCAPES.sub("", self.raw)

    def wait_for(self, words: str) -> None:
        """Wait until the terminal shows these words."""
        deadline = time.monotonic() + 40
        while words not in self.text:
            assert time.monotonic() < deadline, f"no {words!r} in {self.text!r}"
            assert self.process.poll() is None or words in self.text, f"ended without {words!r}: {self.text!r}"
            time.sleep(0.02)

    def type(self, text: str) -> None:
        """Type this text on the terminal's keyboard."""
        os.write(self._master, text.encode())

    def end(self, *, seconds: float = 60) -> int:
        """Wait for the program's end; its exit code."""
        code = self.process.wait(timeout=seconds)
        self._reader.join(timeout=5)
        return code

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Send a signal; the exit code, and the seconds that the end took."""
        started = time.monotonic()
        self.process.send_signal(number)
        code = self.end(seconds=30)
        return code, time.monotonic() - started

    def _read(self) -> None:
        while True:
            try:
                read = os.read(self._master, 65536)
            except OSError:  # the program's end of it is closed
                return
            if not read:
                return
            self._shown += read
