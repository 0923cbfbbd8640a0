"""`recomind demo`: all servers and a worker on this machine, with simulated users or a real log."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from recomind.cli.common import load_settings, until_interrupted
from recomind.settings import PREFIX, Settings

CONTROL_SHARE: Final = 0.05
"""Share of the simulated users who get random lists, unless `RECOMIND_CONTROL_SHARE` says another."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rich.console import Console

    from recomind.dev.demo.recorded_log import RecordedLog


@click.command("demo")
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the log to replay, as for `feed`; its times end now.  [default: simulated users]",
)
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    help="Replay speed; 1 is real time. Actions get the time at which they are sent.  [default: as fast as possible]",
)
@click.option("--limit", type=click.IntRange(min=1), help="Replay only the first LIMIT actions.  [default: all]")
@click.option("--data-dir", help="Folder for the servers' data.  [default: RECOMIND_DATA_DIR, or .recomind]")
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    help="Port of the pages and the API.  [default: RECOMIND_WEB_PORT, or 6066]",
)
def command(data: Path | None, speed: float | None, limit: int | None, data_dir: str | None, port: int | None) -> None:
    """Start Kafka, PostgreSQL, Redis and a worker, print its address, and send actions to it. Ctrl-C stops all."""
    from rich.console import Console

    found = load_settings()
    settings = replace(found, data_dir=data_dir or found.data_dir, web_port=port or found.web_port)
    if data is None and f"{PREFIX}CONTROL_SHARE" not in os.environ:
        settings = replace(settings, control_share=CONTROL_SHARE)
    console = Console()
    with until_interrupted():
        log = _read_log(console, data, limit) if data else None
        _run(console, settings, log, speed)


def _read_log(console: "Console", folder: Path, limit: int | None) -> "RecordedLog":
    from recomind.dev.demo.recorded_log import read_log

    with console.status(f"reading the log in {folder}") as status:
        return read_log(folder, limit, lambda number: status.update(f"reading the log in {folder}: {number:,} actions"))


def _run(console: "Console", settings: Settings, log: "RecordedLog | None", speed: float | None) -> None:
    from recomind.dev.demo.show import Show, announce
    from recomind.dev.demo.worker_process import WorkerProcess
    from recomind.dev.stack.stack import Stack

    WorkerProcess(settings)  # it raises if the port is in use: before anything is started
    with (
        console.status("starting") as status,
        Stack(settings, on_progress=lambda text: announce(console, status, text)) as stack,
        WorkerProcess(stack.settings) as worker,
    ):
        show = Show(stack, console, status)
        try:
            asyncio.run(show.with_audience(worker) if log is None else show.with_log(worker, log, speed))
        finally:
            announce(console, status, "stopping")
