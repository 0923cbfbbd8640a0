"""`recomind demo`: everything on this machine, with an audience or a real log."""

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
from rich.console import Console

from recomind.cli.common import settings
from recomind.errors import StackError
from recomind.settings import Settings

console = Console()

READY_WITHIN = 120.0
"""Seconds a worker may take to be ready."""


@click.command("demo")
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A log to replay instead.")
@click.option("--speed", type=click.FloatRange(min=0, min_open=True), help="Pace of the log; without it, full speed.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first so many actions of the log.")
@click.option("--data-dir", help="Folder of the servers' data.  [default: RECOMIND_DATA_DIR, or .recomind]")
@click.option("--port", type=int, help="Port of the page and the API.  [default: RECOMIND_WEB_PORT, or 6066]")
def command(data: Path | None, speed: float | None, limit: int | None, data_dir: str | None, port: int | None) -> None:
    """Start Kafka, PostgreSQL, Redis and a worker, feed them, and say where to look. Ctrl-C ends it all."""
    from recomind.dev.stack.stack import Stack

    found = settings()
    wanted = replace(found, data_dir=data_dir or found.data_dir, web_port=port or found.web_port)
    ended = _listen_for_end()
    with console.status("starting") as status, Stack(wanted, on_progress=status.update) as stack:
        status.update("starting a worker")
        with _worker(stack.settings):
            status.stop()
            _say_where(stack.settings)
            _feed(stack.settings, data, speed, limit, ended)
            ended.wait()
            status.update("stopping")
            status.start()


def _feed(found: Settings, data: Path | None, speed: float | None, limit: int | None, ended: threading.Event) -> None:
    from recomind.cli.feed import feed_folder
    from recomind.cli.import_videos import put_videos
    from recomind.dev.traffic import play

    if data is None:
        asyncio.run(play(found, console, ended))
        return
    console.print(f"{asyncio.run(put_videos(found, data))} videos are in the catalogue")
    console.print(f"{feed_folder(found, data, speed=speed, limit=limit)} actions are in the stream; Ctrl-C to end")


@contextmanager
def _worker(found: Settings) -> Iterator[None]:
    """A worker in a process of its own, ready on entry and ended on exit."""
    log = found.data_path / "worker.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "recomind", "worker"],
            env={**os.environ, **found.environ()},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait_ready(process, f"http://127.0.0.1:{found.web_port}/readyz", log)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while not _answers(url):
        if process.poll() is not None or time.monotonic() > deadline:
            raise StackError(f"the worker did not get ready; see {log}")
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _say_where(found: Settings) -> None:
    base = f"http://{found.web_host}:{found.web_port}"
    like = '{"user_id":"me","video_id":"%s","action_type":"like"}'
    console.print(f"\n[bold]RecoMind is at {base}[/bold]\n")
    for line in (
        f"curl {base}/recommendations/me",
        f"curl -d '{like % 'v1'}' {base}/video_action",
        f"curl -d '{like % 'v2'}' {base}/video_action",
        f"curl {base}/recommendations/me",
    ):
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    console.print()


def _listen_for_end() -> threading.Event:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    return ended
