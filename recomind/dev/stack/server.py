"""A server as a child process: started with its own session, ended by its process id, gone when we are gone.

The terminal's Ctrl-C does not reach it, so that we end servers in order; and on Linux the kernel ends it when our
process dies, however it dies.
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

READY_WITHIN: Final = 60.0
"""Seconds a server may take to accept connections."""

STOP_WITHIN: Final = 30.0
"""Seconds a server may take to stop before it is killed."""

_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None


class Server:
    """One server; subclasses say how it is prepared and called."""

    name: str
    stop_signal: signal.Signals = signal.SIGTERM

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """What clients connect to."""
        raise NotImplementedError

    @property
    def log(self) -> Path:
        """The file that takes the server's output."""
        return self.folder / f"{self.name}.log"

    def prepare(self) -> None:
        """Make what must be there before a start: programs, data folder, configuration. May be called again."""

    def command(self) -> Sequence[str]:
        """The command line."""
        raise NotImplementedError

    def user(self) -> str | None:
        """The system user to run as; None for ours."""
        return None

    def start(self) -> None:
        """Start the process. Call it from a thread that lives as long as the server should."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 the command is our own
                [*self.command()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=self.user(),
                preexec_fn=_die_with_parent,  # noqa: PLW1509 one C call, safe after fork
            )

    def wait_ready(self) -> None:
        """Return when the server accepts connections.

        Raises:
            StackError: it ended, or does not answer in time; the message holds the end of its log.
        """
        deadline = time.monotonic() + READY_WITHIN
        while not accepts_connections(self.port):
            if self.process is None or self.process.poll() is not None or time.monotonic() > deadline:
                raise StackError(f"{self.name} did not start; its log {self.log} ends:\n{self._log_tail()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End the process, by a kill where it does not end itself."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _log_tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:]) if self.log.exists() else "(no log)"


def free_port() -> int:
    """A port on the loopback that the system chose."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def accepts_connections(port: int) -> bool:
    """Whether something on the loopback listens on the port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _die_with_parent() -> None:
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() == 1:
            os.kill(os.getpid(), signal.SIGKILL)
