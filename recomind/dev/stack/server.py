"""A server as a child process in a session of its own.

Ctrl-C in the terminal does not reach it, so that servers are stopped in order. On Linux the kernel kills it when this
process dies for any reason.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from recomind.errors import StackError

READY_TIMEOUT_S: Final = 60.0
"""How long a server may take to accept connections."""

STOP_TIMEOUT_S: Final = 30.0
"""How long a server may take to stop before it is killed."""

POLL_INTERVAL_S: Final = 0.05
LOG_TAIL_LINES: Final = 15

_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None


class Server:
    """One server; subclasses define its preparation and command line."""

    name: str
    stop_signal: signal.Signals = signal.SIGTERM

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """The address for clients."""
        raise NotImplementedError

    @property
    def log(self) -> Path:
        """The file with the server's output."""
        return self.folder / f"{self.name}.log"

    def prepare(self) -> None:
        """Create what a start needs: programs, data folder, configuration. May be called again."""

    def command(self) -> Sequence[str]:
        """The command line."""
        raise NotImplementedError

    def system_user(self) -> str | None:
        """The system user to run as; None for the current one."""
        return None

    def start(self) -> None:
        """Start the process. On Linux it dies with the calling thread: call it from one that lives long enough."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 the command is our own
                [*self.command()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=self.system_user(),
                preexec_fn=_die_with_parent,  # noqa: PLW1509 one C call, safe after fork
            )

    def wait_ready(self) -> None:
        """Return when the server accepts connections.

        Raises:
            StackError: it exited or did not answer in time; the message contains the end of its log.
        """
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not accepts_connections(self.port):
            if self.process is None or self.process.poll() is not None or time.monotonic() > deadline:
                raise StackError(f"{self.name} did not start; its log {self.log} ends:\n{self._log_tail()}")
            time.sleep(POLL_INTERVAL_S)

    def stop(self) -> None:
        """Stop the process; kill it if it does not stop in time."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _log_tail(self) -> str:
        return (
            "\n".join(self.log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
            if self.log.exists()
            else "(no log)"
        )


def free_port() -> int:
    """A free port on the loopback interface, chosen by the system."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def accepts_connections(port: int) -> bool:
    """Whether a process listens on the port of the loopback interface."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _die_with_parent() -> None:
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() == 1:
            os.kill(os.getpid(), signal.SIGKILL)
