"""`recomind import`: write the videos of a log to the catalogue."""

import asyncio
import sys
from pathlib import Path

import click

from recomind.cli.common import load_server_settings
from recomind.settings import Settings


@click.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def command(folder: Path) -> None:
    """Write the videos of FOLDER/videos.csv[.gz] to the catalogue in PostgreSQL.

    The file needs the columns video_id and title, and may have url, tags (separated by |), creator_id, created_at and
    metadata: language, countries and labels (separated by |), duration_ms, age_rating and thumbnail_url. Each video is
    checked as PUT /videos checks it. Lines that break a rule are reported, and the rest is written; the exit code is
    then 1. What a file does not give stays as it is in the catalogue: url, creator_id, created_at and metadata.
    """
    count, faults = asyncio.run(_import(load_server_settings(), folder))
    click.echo(f"{count} videos are in the catalogue" + (f", {faults} lines are not" if faults else ""))
    if faults:
        sys.exit(1)


async def import_folder(settings: Settings, folder: Path) -> int:
    """Write a log's videos to the catalogue, and print the faults of lines; returns the number of videos."""
    return (await _import(settings, folder))[0]


async def _import(settings: Settings, folder: Path) -> tuple[int, int]:
    """Write a log's videos to the catalogue, and print the faults of lines; returns the numbers of both."""
    from recomind.offline.datasets import LineFault, read_changes
    from recomind.stores.archive import Archive

    found = list(read_changes(folder))
    faults = [one for one in found if isinstance(one, LineFault)]
    changes = [one for one in found if not isinstance(one, LineFault)]
    for fault in faults:
        click.echo(f"line {fault.line} of the videos in {folder}: {fault.reason}", err=True)
    archive = Archive(settings.postgres_dsn, settings.postgres_pooling)
    await archive.open()
    try:
        await archive.change_videos(changes, new_created_at=0.0)
    finally:
        await archive.close()
    return len(changes), len(faults)
