"""`recomind train`: the item-item model, from the archive into the read model."""

import asyncio
from datetime import UTC, datetime

import click

from recomind.cli.common import connected
from recomind.settings import Settings


@click.command("train")
def command() -> None:
    """Train the item-item model on all likes in PostgreSQL, publish it, and switch over to it in one step."""
    version, count = asyncio.run(train(connected()))
    click.echo(f"model {version} serves {count} videos")


async def train(settings: Settings) -> tuple[str, int]:
    """Train and publish; the model's version and how many videos it knows."""
    from recomind.recommender import ease
    from recomind.stores.archive import Archive
    from recomind.stores.read_model import ReadModel
    from recomind.stores.redis_store import RedisValues

    archive, read_model = Archive(settings.postgres_dsn), ReadModel(RedisValues(settings.redis_url))
    await archive.open()
    try:
        lists = ease.train(await archive.likes())
        version = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        if lists:
            await read_model.put_model(version, lists)
    finally:
        await archive.close()
        await read_model.values.close()
    return version, len(lists)
