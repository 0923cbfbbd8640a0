"""`recomind export`: served lists with their outcomes, as files for other programs."""

import asyncio
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import click

from recomind.cli.common import load_server_settings
from recomind.settings import Settings


@click.command("export")
@click.option(
    "--served",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Write served lists with their outcomes to this folder. It must be empty, or not exist.",
)
def command(folder: Path) -> None:
    """Write served lists with their outcomes as Parquet files: one row for each place, one file for each partition.

    Reads Kafka beside the workers, and changes nothing there.
    """
    import_module("pyarrow")  # before Kafka is read, not after it
    from rich.console import Console

    from recomind.offline.served_export import make_folder

    settings = load_server_settings()
    make_folder(folder)
    with Console(stderr=True).status("reading served lists") as status:
        rows = asyncio.run(
            _export(settings, folder, lambda done: status.update(f"{done + 1} of {settings.partitions} partitions"))
        )
    click.echo(f"{rows} places of served lists are in {folder}")


async def _export(settings: Settings, folder: Path, on_progress: Callable[[int], None]) -> int:
    from recomind.offline.known_log import known_log
    from recomind.offline.served_export import export_served_lists
    from recomind.stores.archive import Archive

    archive = Archive(settings.postgres_dsn, settings.postgres_pooling)
    await archive.open()
    try:
        log = await known_log(archive, settings.partitions)
    finally:
        await archive.close()
    return await export_served_lists(settings, log, folder, on_progress)
