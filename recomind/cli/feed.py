"""`recomind feed`: write the actions of a log to Kafka."""

import asyncio
from pathlib import Path
from time import time

import click

from recomind.cli.common import load_server_settings
from recomind.cli.weights import learn_weights
from recomind.errors import InputError
from recomind.settings import Settings


@click.command("feed")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    help="Replay speed; 1 is real time.  [default: as fast as possible]",
)
@click.option(
    "--learn/--no-learn",
    default=True,
    show_default=True,
    help="Then learn the blend's weights from the log, in its own order, unless workers have learned from more likes. "
    "Not with --speed.",
)
@click.option("--ending-now", is_flag=True, help="Shift all times by the same amount, so that the log ends now.")
@click.option("--limit", type=click.IntRange(min=1), help="Write only the first LIMIT actions.  [default: all]")
def command(folder: Path, speed: float | None, learn: bool, ending_now: bool, limit: int | None) -> None:
    """Write the actions of FOLDER/actions.csv[.gz] to video_actions_stream, with their times.

    With --ending-now all times are shifted so that the last action happens now. Otherwise live actions would trend
    above those of an old log.

    The columns are user_id,video_id,action_type,timestamp; times in seconds since 1970 or ISO 8601.
    """
    settings = load_server_settings()
    later = time() - last_time(folder, limit) if ending_now else 0.0
    count = feed_folder(settings, folder, speed=speed, limit=limit, later=later)
    click.echo(f"{count} actions are in video_actions_stream")
    if learn and speed is None:
        click.echo(learn_weights(settings, folder, limit, replace_newer=False))


def last_time(folder: Path, limit: int | None) -> float:
    """The latest event time of a log, epoch seconds.

    Raises:
        InputError: a line is invalid, or there is no action.
    """
    from recomind.offline.datasets import read_actions

    found = max((action.timestamp for action in read_actions(folder, limit)), default=None)
    if found is None:
        raise InputError(f"{folder} has no actions")
    return found


def feed_folder(settings: Settings, folder: Path, *, speed: float | None, limit: int | None, later: float = 0.0) -> int:
    """Write a log's actions to Kafka, each `later` seconds later, and show a progress bar; returns their number."""
    from msgspec.structs import replace
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from recomind.offline.datasets import read_actions
    from recomind.stream.log_replay import replay_log

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns) as progress:
        task = progress.add_task("actions", total=limit)
        actions = (replace(one, timestamp=one.timestamp + later) for one in read_actions(folder, limit))
        return asyncio.run(replay_log(settings, actions, speed=speed, on_progress=lambda n: progress.advance(task, n)))
