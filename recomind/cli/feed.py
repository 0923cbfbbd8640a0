"""`recomind feed`: a log's actions into the stream."""

import asyncio
from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from recomind.cli.common import connected
from recomind.offline.datasets import read_actions
from recomind.settings import Settings


@click.command("feed")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--speed", type=click.FloatRange(min=0, min_open=True), help="1 is the log's pace; without it, full speed."
)
@click.option("--limit", type=click.IntRange(min=1), help="Only the first so many actions.")
def command(folder: Path, speed: float | None, limit: int | None) -> None:
    """Write the actions of FOLDER/actions.csv[.gz] to video_actions_stream."""
    count = feed_folder(connected(), folder, speed=speed, limit=limit)
    click.echo(f"{count} actions are in video_actions_stream")


def feed_folder(settings: Settings, folder: Path, *, speed: float | None, limit: int | None) -> int:
    """Write a log's actions to Kafka, with a progress bar; how many there were."""
    from recomind.stream.log_replay import feed

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns) as progress:
        task = progress.add_task("actions", total=limit)
        actions = read_actions(folder, limit)
        return asyncio.run(feed(settings, actions, speed=speed, on_progress=lambda n: progress.advance(task, n)))
