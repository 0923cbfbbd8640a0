"""`recomind import`: videos into the catalogue."""

import asyncio
from pathlib import Path

import click

from recomind.cli.common import connected
from recomind.offline.datasets import read_videos
from recomind.settings import Settings


@click.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def command(folder: Path) -> None:
    """Put the videos of FOLDER/videos.csv[.gz] into the catalogue; those already there are replaced."""
    count = asyncio.run(put_videos(connected(), folder))
    click.echo(f"{count} videos are in the catalogue")


async def put_videos(settings: Settings, folder: Path) -> int:
    """Write a log's videos to the archive; how many there are."""
    from recomind.stores.archive import Archive

    archive, videos = Archive(settings.postgres_dsn), list(read_videos(folder))
    await archive.open()
    try:
        await archive.put_videos(videos)
    finally:
        await archive.close()
    return len(videos)
