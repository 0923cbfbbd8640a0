"""The demo's worker: a child process that is ready, and is started again when it ends."""

import asyncio
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable
from typing import Final

from recomind.dev.stack.child_process import listens, log_tail, require_free_port, start_child, stop_child
from recomind.errors import StackError
from recomind.settings import Settings

READY_TIMEOUT_S: Final = 120.0
POLL_INTERVAL_S: Final = 0.2

STOP_TIMEOUT_S: Final = 10.0
"""Time to stop in, after which it is killed: one that still starts may not hear a signal. A kill loses nothing."""

MAX_RESTARTS: Final = 3
"""Restarts within `RESTART_WINDOW_S` seconds; more would not cure the worker's fault."""

RESTART_WINDOW_S: Final = 300.0

LAST_WORDS_LENGTH: Final = 200
"""Longest line of the log in a message, in characters."""

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Opens URLs of this machine, never through the proxy that the environment names."""

Say = Callable[[str], None]
"""Called with a sentence for the user."""


class WorkerProcess:
    """A worker on the stack of the settings; a context manager that stops it."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is started yet.

        Raises:
            StackError: its port is in use.
        """
        require_free_port(settings.web_host, settings.web_port)
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._restarts = deque[float](maxlen=MAX_RESTARTS)
        self.log = settings.data_path / "worker.log"
        self.base_url = base_url(settings)

    def __enter__(self) -> "WorkerProcess":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            stop_child(self._process, timeout=STOP_TIMEOUT_S)

    def start(self) -> None:
        """Start it. Call it from the main thread: it dies with the calling thread."""
        command = [sys.executable, "-m", "recomind", "worker"]
        self._process = start_child(command, self.log, environment=self._settings.environ())

    def wait_ready(self) -> None:
        """Return when it is ready.

        Raises:
            StackError: it ended, or is not ready in time; the message names its log.
        """
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not self.is_ready():
            self._check_start(deadline)
            time.sleep(POLL_INTERVAL_S)

    def is_ready(self) -> bool:
        """Whether this worker is ready, and not another one that answers at its address."""
        if self._process is None or self._process.poll() is not None:
            return False
        try:
            with _direct.open(f"{self.base_url}/readyz", timeout=2) as response:
                is_ready = response.status == 200
        except (urllib.error.URLError, OSError):
            return False
        return bool(is_ready) and listens(self._process, self._settings.web_port)

    async def keep_running(self, say: Say) -> None:
        """Start the worker again whenever it has ended.

        Raises:
            StackError: it ends again and again, or does not become ready.
        """
        while True:
            await asyncio.sleep(POLL_INTERVAL_S)
            if self._process is None or self._process.poll() is None:
                continue
            now, ending = time.monotonic(), f"The worker ended ({self._last_words()})"
            if len(self._restarts) == MAX_RESTARTS and now - self._restarts[0] < RESTART_WINDOW_S:
                raise StackError(f"{ending}, {MAX_RESTARTS + 1} times in a short while; its log is {self.log}")
            self._restarts.append(now)
            say(f"{ending}; its log is {self.log}. Starting it again.")
            self.start()
            deadline = now + READY_TIMEOUT_S
            while not await asyncio.to_thread(self.is_ready):
                if self._process.poll() is not None:
                    break
                self._check_start(deadline)
                await asyncio.sleep(POLL_INTERVAL_S)
            else:
                say("The worker is ready again.")

    def _check_start(self, deadline: float) -> None:
        if self._process is None or self._process.poll() is not None:
            raise StackError(f"the worker ended ({self._last_words()}); its log is {self.log}")
        if time.monotonic() > deadline:
            raise StackError(f"the worker is not ready after {READY_TIMEOUT_S:.0f} s; its log is {self.log}")

    def _last_words(self) -> str:
        """How it ended, and the last line of its log."""
        code = self._process.returncode if self._process else 0
        how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        line = log_tail(self.log, 1).strip()
        return f"{how}: {line[:LAST_WORDS_LENGTH]}" if code >= 0 else how


def base_url(settings: Settings) -> str:
    """The URL of a worker for a client on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.web_host, settings.web_host)  # noqa: S104 not bound
    return f"http://[{host.strip('[]')}]:{settings.web_port}" if ":" in host else f"http://{host}:{settings.web_port}"
