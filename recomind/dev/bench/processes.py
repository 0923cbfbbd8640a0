"""Child processes of the benchmark: workers, baselines and load generators."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from recomind.errors import StackError

STOP_TIMEOUT_S = 20
LOG_TAIL_LINES = 15


class ChildProcess:
    """A Python module run by `python -m`, its standard error in a log file."""

    def __init__(self, arguments: list[str], log: Path, environ: dict[str, str] | None = None) -> None:
        self._log = log
        with log.open("ab") as stderr:
            self._process = subprocess.Popen(  # noqa: S603 the command is our own
                [sys.executable, "-m", *arguments],
                env={**os.environ, **(environ or {})},
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,
            )
        self._usage = psutil.Process(self._process.pid)

    def cpu_seconds(self) -> float:
        """Processor time used so far, without its children, seconds."""
        used = self._usage.cpu_times()
        return float(used.user + used.system)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        self._process.send_signal(number)

    def check(self) -> None:
        """Raise if the process has exited.

        Raises:
            StackError: it has exited; the message contains the end of its log.
        """
        if self._process.poll() is not None:
            raise self._exit_error()

    def read_json_line(self) -> bytes:
        """Wait for the next line of JSON that it prints, and skip other lines.

        Raises:
            StackError: it exited without one.
        """
        for line in self._process.stdout or ():
            if line.startswith(b"{"):
                return line
        self._process.wait()
        raise self._exit_error()

    def _exit_error(self) -> StackError:
        tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
        return StackError(f"a process of the benchmark has exited; its log {self._log} ends:\n{tail}")

    def stop(self) -> None:
        """Stop the process; kill it if it does not stop in time."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


@contextmanager
def running(arguments: list[str], log: Path, environ: dict[str, str] | None = None) -> Iterator[ChildProcess]:
    """A child process for the duration of the block."""
    process = ChildProcess(arguments, log, environ)
    try:
        yield process
    finally:
        process.stop()
