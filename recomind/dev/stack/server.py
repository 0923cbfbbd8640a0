"""A server as a child process: its data folder, its log, and when it is ready."""

import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from recomind.dev.stack.child_process import (
    accepts_connections,
    free_port,
    listens,
    log_tail,
    start_child,
    stop_child,
)
from recomind.errors import StackError

READY_TIMEOUT_S: Final = 60.0
"""How long a server may take to accept connections."""

POLL_INTERVAL_S: Final = 0.05
LOG_TAIL_LINES: Final = 15


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

    def first_time_note(self) -> str:
        """What to add to "preparing ..." if it takes long, as it is the first time."""
        return ""

    def prepare(self) -> None:
        """Create what a start needs: programs, data folder, configuration. May be called again."""

    def command(self) -> Sequence[str]:
        """The command line. It runs in the server's folder."""
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        """Variables beside those of this process."""
        return {}

    def system_user(self) -> str | None:
        """The system user to run as; None for the current one."""
        return None

    def start(self) -> None:
        """Start the process. On Linux it dies with the calling thread: call it from one that lives long enough."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.process = start_child(
            self.command(),
            self.log,
            environment=self.environment(),
            user=self.system_user(),
            folder=self.folder,
        )

    def wait_ready(self) -> None:
        """Return when the server accepts connections: this one, not another process on its port.

        Raises:
            StackError: it exited or did not answer in time; the message contains the end of its log.
        """
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not (accepts_connections(self.port) and self.process and listens(self.process, self.port)):
            if self.process is None or self.process.poll() is not None or time.monotonic() > deadline:
                tail = log_tail(self.log, LOG_TAIL_LINES)
                raise StackError(f"{self.name} did not start; its log {self.log} ends:\n{tail}")
            time.sleep(POLL_INTERVAL_S)

    def stop(self) -> None:
        """Stop the process; kill it if it does not stop in time."""
        if self.process is not None:
            stop_child(self.process, self.stop_signal)
