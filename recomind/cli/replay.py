"""`recomind replay`: a shadow of the state, made from the log."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from recomind.cli.common import connected
from recomind.model.events import epoch


class Time(click.ParamType):
    """A time in ISO 8601, UTC where it names no zone."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Epoch seconds."""
        try:
            return epoch(datetime.fromisoformat(value))
        except ValueError:
            self.fail(f"{value!r} is no time in ISO 8601, as 2026-11-24T12:00:00Z", param, ctx)


@click.command("replay")
@click.option("--from", "since", type=Time(), help="Only what the log took then or later.  [default: all of it]")
@click.option("--into", type=click.Path(dir_okay=False, path_type=Path), help="Write each person and video, as JSON.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("-n", default=10, show_default=True, help="How many trending videos to show.")
def command(since: float | None, into: Path | None, as_json: bool, n: int) -> None:
    """Fold video_actions_stream in this process, as workers would, and say what comes of it; nothing else is written.

    Shows what people and videos would be known for if only the log since a time counted, or what a log holds
    before any worker has read it. Whoever was forgotten is left out.
    """
    from recomind.offline.rebuild import rebuild

    console = Console(stderr=True)
    with console.status("reading") as status:
        shadow = asyncio.run(rebuild(connected(), since, status.update))
    if into is not None:
        lines = map(msgspec.json.encode, shadow.entries())
        into.write_bytes(b"".join(line + b"\n" for line in lines))
    found = shadow.summary(n)
    if as_json:
        click.echo(msgspec.json.encode(found))
    else:
        _print(found)


def _print(found: Mapping[str, Any]) -> None:
    told = ", ".join(f"{count:,} {kind}" for kind, count in found["records"].items()) or "no record"
    click.echo(f"{told}\n{found['people']:,} people, {found['videos']:,} videos")
    table = Table("trending", "likes", "views", "skips")
    for video in found["trending"]:
        table.add_row(video["video_id"], *(f"{video[name]:,}" for name in ("likes", "views", "skips")))
    Console().print(table)
