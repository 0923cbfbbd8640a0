"""`recomind demo`: all servers and a worker on this machine, with simulated users or a real log."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from recomind.cli.common import load_settings, stop_event
from recomind.errors import StackError
from recomind.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rich.console import Console

READY_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 30.0
"""A worker that has not stopped by then is killed."""
POLL_INTERVAL_S = 0.2


@click.command("demo")
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the log to replay.  [default: simulated users]",
)
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    help="Replay speed; 1 is real time.  [default: as fast as possible]",
)
@click.option("--limit", type=click.IntRange(min=1), help="Replay only the first LIMIT actions.  [default: all]")
@click.option("--data-dir", help="Folder for the servers' data.  [default: RECOMIND_DATA_DIR, or .recomind]")
@click.option("--port", type=int, help="Port of the web page and the API.  [default: RECOMIND_WEB_PORT, or 6066]")
def command(data: Path | None, speed: float | None, limit: int | None, data_dir: str | None, port: int | None) -> None:
    """Start Kafka, PostgreSQL, Redis and a worker, print its address, and send actions to it. Ctrl-C stops all."""
    from rich.console import Console

    from recomind.dev.stack.stack import Stack

    found = load_settings()
    settings = replace(found, data_dir=data_dir or found.data_dir, web_port=port or found.web_port)
    stopped, console = stop_event(), Console()
    with console.status("starting") as status, Stack(settings, on_progress=status.update) as stack:
        status.update("starting a worker")
        with _running_worker(stack.settings):
            status.stop()
            _print_examples(console, stack.settings)
            if data is None:
                _simulate(console, stack.settings, stopped)
            else:
                _replay(console, stack.settings, data, speed, limit)
            stopped.wait()
            status.update("stopping")
            status.start()


def _simulate(console: "Console", settings: Settings, stopped: threading.Event) -> None:
    from recomind.dev.traffic import simulate_visits

    asyncio.run(simulate_visits(settings, console, stopped))


def _replay(console: "Console", settings: Settings, folder: Path, speed: float | None, limit: int | None) -> None:
    from recomind.cli.feed import feed_folder
    from recomind.cli.import_videos import import_folder

    console.print(f"{asyncio.run(import_folder(settings, folder))} videos are in the catalogue")
    console.print(f"{feed_folder(settings, folder, speed=speed, limit=limit)} actions are in the stream; Ctrl-C to end")


@contextmanager
def _running_worker(settings: Settings) -> Iterator[None]:
    """A worker process that is ready on entry and stopped on exit."""
    log = settings.data_path / "worker.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "recomind", "worker"],
            env={**os.environ, **settings.environ()},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, f"http://127.0.0.1:{settings.web_port}/readyz", log)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    while not _is_ready(url):
        if process.poll() is not None or time.monotonic() > deadline:
            raise StackError(f"the worker did not become ready; see {log}")
        time.sleep(POLL_INTERVAL_S)


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 our own address
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _print_examples(console: "Console", settings: Settings) -> None:
    base_url = f"http://{settings.web_host}:{settings.web_port}"
    like = '{"user_id":"me","video_id":"%s","action_type":"like"}'
    console.print(f"\n[bold]RecoMind is at {base_url}[/bold]\n")
    for line in (
        f"curl {base_url}/recommendations/me",
        f"curl -d '{like % 'v1'}' {base_url}/video_action",
        f"curl -d '{like % 'v2'}' {base_url}/video_action",
        f"curl {base_url}/recommendations/me",
    ):
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    console.print()
