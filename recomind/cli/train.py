"""`recomind train`: train the item-item model (EASE) on the archive and publish it to Redis."""

import asyncio
from datetime import UTC, datetime

import click

from recomind.cli.common import load_server_settings
from recomind.settings import Settings


@click.command("train")
def command() -> None:
    """Train the item-item model on all likes in PostgreSQL, publish it to Redis, and switch to it atomically."""
    version, count = asyncio.run(train_and_publish(load_server_settings()))
    click.echo(f"model {version} serves {count} videos")


async def train_and_publish(settings: Settings) -> tuple[str, int]:
    """Train and publish; returns the model's version and the number of videos it covers."""
    from recomind.recommender import ease
    from recomind.stores.archive import Archive
    from recomind.stores.read_model import ReadModel
    from recomind.stores.redis_store import RedisStore

    archive = Archive(settings.postgres_dsn, settings.postgres_pooling)
    read_model = ReadModel(RedisStore(settings.redis_url))
    await archive.open()
    try:
        lists = ease.train(await archive.likes())
        version = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        if lists:
            await read_model.put_ease_model(version, lists)
    finally:
        await archive.close()
        await read_model.store.close()
    return version, len(lists)
