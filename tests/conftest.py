"""Fixtures with real servers: one embedded stack per session, and workers as separate processes."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import hypothesis
import pytest

from recomind.dev.stack.server import free_port
from recomind.dev.stack.stack import Stack
from recomind.settings import Settings

hypothesis.settings.register_profile("any load", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("any load")  # how long an example takes says nothing on a machine that others use

SHARED = Path(__file__).parent.parent.parent / "shared" / "data"


class Worker:
    """A worker process; with `cwd`, of the source tree in that folder."""

    def __init__(self, settings: Settings, log: Path, *command: str, cwd: Path | None = None) -> None:
        self.settings = replace(settings, web_port=free_port())
        self.base_url = f"http://127.0.0.1:{self.settings.web_port}"
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *(command or ("recomind", "worker"))],
                env={**os.environ, **(self.settings.environ() if cwd is None else changed_settings(self.settings))},
                stdout=output,
                stderr=output,
                start_new_session=True,
                cwd=cwd,
            )

    def wait_ready(self, within: float = 90.0) -> "Worker":
        deadline = time.monotonic() + within
        while not self._answers():
            assert self.process.poll() is None, self.log.read_text()[-4000:]
            assert time.monotonic() < deadline, self.log.read_text()[-4000:]
            time.sleep(0.1)
        return self

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.base_url}/readyz", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False


def changed_settings(settings):
    """Variables of the settings that are not the default: another version does not know all settings."""
    defaults = Settings().environ()
    return {name: value for name, value in settings.environ().items() if value != defaults[name]}


@pytest.fixture(autouse=True, scope="session")
def _without_settings_from_the_environment():
    for name in [name for name in os.environ if name.startswith("RECOMIND_")]:
        del os.environ[name]


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    """Kafka, PostgreSQL and Redis, for the whole session."""
    folder = tmp_path_factory.mktemp("stack")
    with Stack(Settings(data_dir=str(folder), partitions=4, session_timeout=6.0)) as running:
        yield running


@contextmanager
def workers(settings: Settings, folder: Path):
    """A function that starts workers; all are killed at the end."""
    started: list[Worker] = []

    def start(cwd: Path | None = None) -> Worker:
        started.append(Worker(settings, folder / f"worker{len(started)}.log", cwd=cwd))
        return started[-1]

    try:
        yield start
    finally:
        for worker in started:
            if worker.process.poll() is None:
                worker.kill()


@pytest.fixture
def new_stack(tmp_path):
    """An empty stack for one test."""
    with Stack(Settings(data_dir=str(tmp_path), partitions=4, session_timeout=6.0)) as running:
        yield running


@pytest.fixture(scope="session")
def worker(stack, tmp_path_factory):
    """A ready worker on the session's stack."""
    with workers(stack.settings, tmp_path_factory.mktemp("worker")) as start:
        yield start().wait_ready()


@pytest.fixture(params=["kuairand", "movietweetings"])
def real_log(request):
    """A real log; the test is skipped if it is absent."""
    folder = SHARED / request.param
    if not folder.exists():
        pytest.skip(f"{folder.name} is not beside this checkout (../shared/data)")
    return folder
