"""`recomind replay`: rebuild the state from the log, apart from the workers."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from recomind.cli.common import load_server_settings


class TimeParam(click.ParamType):
    """An ISO 8601 time; UTC if it names no zone. Converted to epoch seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Epoch seconds."""
        from recomind.model.events import epoch_seconds

        try:
            return epoch_seconds(datetime.fromisoformat(value))
        except ValueError:
            self.fail(f"{value!r} is not an ISO 8601 time such as 2026-11-24T12:00:00Z", param, ctx)


@click.command("replay")
@click.option("--from", "since", type=TimeParam(), help="Skip records that Kafka stored earlier.  [default: none]")
@click.option(
    "--into",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write every user and video to this file, one JSON object per line.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("-n", default=10, show_default=True, help="Number of trending videos to print.")
def command(since: float | None, into: Path | None, as_json: bool, n: int) -> None:
    """Fold video_actions_stream in this process as workers do, and print a summary. Nothing is written to the servers.

    Shows the state that results if only the log since a time counts, or what a log holds before any worker has read
    it. Erased users are left out.
    """
    import msgspec
    from rich.console import Console

    from recomind.offline.rebuild import rebuild

    with Console(stderr=True).status("reading") as status:
        state = asyncio.run(rebuild(load_server_settings(), since, status.update))
    if into is not None:
        lines = map(msgspec.json.encode, state.entries())
        into.write_bytes(b"".join(line + b"\n" for line in lines))
    summary = state.summary(n)
    if as_json:
        click.echo(msgspec.json.encode(summary))
    else:
        _print(summary)


def _print(summary: Mapping[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    records = ", ".join(f"{count:,} {kind}" for kind, count in summary["records"].items()) or "no record"
    click.echo(f"{records}\n{summary['people']:,} users, {summary['videos']:,} videos")
    for note in summary["notes"]:
        click.echo(f"note: {note}")
    table = Table("trending", "likes", "views", "skips")
    for video in summary["trending"]:
        table.add_row(video["video_id"], *(f"{video[name]:,}" for name in ("likes", "views", "skips")))
    Console().print(table)
