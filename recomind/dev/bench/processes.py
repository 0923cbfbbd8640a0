"""The programs that a benchmark starts: workers, peers and load, each a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from recomind.errors import StackError


class Program:
    """A Python program of ours, as a child process."""

    def __init__(self, arguments: list[str], log: Path, environ: dict[str, str] | None = None) -> None:
        self._log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(  # noqa: S603 the command is our own
                [sys.executable, "-m", *arguments],
                env={**os.environ, **(environ or {})},
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        self._watched = psutil.Process(self._process.pid)

    def cpu(self) -> float:
        """Seconds of processor time so far; without children."""
        used = self._watched.cpu_times()
        return float(used.user + used.system)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def check(self) -> None:
        """Raise if it has ended.

        Raises:
            StackError: with the end of its log.
        """
        if self._process.poll() is not None:
            raise self._ended()

    def answer(self) -> bytes:
        """The next line of JSON that it prints, banners passed over; waits for it.

        Raises:
            StackError: it ended without one.
        """
        for line in self._process.stdout or ():
            if line.startswith(b"{"):
                return line
        self._process.wait()
        raise self._ended()

    def _ended(self) -> StackError:
        tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])
        return StackError(f"a program of the benchmark has ended; its log {self._log} ends:\n{tail}")

    def stop(self) -> None:
        """End it, by a kill where it does not end itself."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


@contextmanager
def running(arguments: list[str], log: Path, environ: dict[str, str] | None = None) -> Iterator[Program]:
    """A program for as long as the block runs."""
    program = Program(arguments, log, environ)
    try:
        yield program
    finally:
        program.stop()
