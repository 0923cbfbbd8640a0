"""`recomind import`: write the videos of a log to the catalogue."""

import asyncio
from pathlib import Path

import click

from recomind.cli.common import load_server_settings
from recomind.settings import Settings


@click.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def command(folder: Path) -> None:
    """Write the videos of FOLDER/videos.csv[.gz] to the catalogue in PostgreSQL; existing entries are replaced."""
    count = asyncio.run(import_folder(load_server_settings(), folder))
    click.echo(f"{count} videos are in the catalogue")


async def import_folder(settings: Settings, folder: Path) -> int:
    """Write a log's videos to the catalogue; returns their number."""
    from recomind.offline.datasets import read_videos
    from recomind.stores.archive import Archive

    archive, videos = Archive(settings.postgres_dsn), list(read_videos(folder))
    await archive.open()
    try:
        await archive.put_videos(videos)
    finally:
        await archive.close()
    return len(videos)
