"""`recomind weights`: the learned weights of the blend: learn them from a log, list, pin and roll back versions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from recomind.cli.common import load_server_settings
from recomind.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from recomind.model.catalogue import Video
    from recomind.recommender.blend.model import Weights
    from recomind.stores.read_model import ReadModel


@click.group("weights")
def command() -> None:
    """Learn, list, pin and roll back the weights with which workers rank."""


@command.command("learn")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--limit", type=click.IntRange(min=1), help="Learn from the first LIMIT actions.  [default: all]")
def learn(folder: Path, limit: int | None) -> None:
    """Learn weights from the log in FOLDER, in its own order, and have all workers continue from them."""
    click.echo(learn_weights(load_server_settings(), folder, limit))


@command.command("list")
def list_versions() -> None:
    """List the versions that can be pinned or rolled back to, the latest first."""
    for name, likes, served in asyncio.run(_snapshots(load_server_settings())):
        click.echo(f"{name}  {likes} likes  {served} likes of served videos")


@command.command("pin")
@click.argument("version")
def pin(version: str) -> None:
    """Rank with VERSION and learn nothing, until `recomind weights unpin`."""
    asyncio.run(_pin(load_server_settings(), version))
    click.echo(f"workers rank with {version}")


@command.command("unpin")
def unpin() -> None:
    """Learn again, from the weights before the pin."""
    asyncio.run(_pin(load_server_settings(), None))
    click.echo("workers learn again")


@command.command("rollback")
@click.argument("version")
def rollback(version: str) -> None:
    """Have workers continue learning from VERSION."""
    asyncio.run(_rollback(load_server_settings(), version))
    click.echo(f"workers go on from {version}")


def learn_weights(settings: Settings, folder: Path, limit: int | None, *, replace_newer: bool = True) -> str:
    """Learn weights from a log, and publish them; returns a sentence that says what workers rank with now.

    Args:
        settings: with the addresses of the servers.
        folder: holds the log. Without a file of videos, those in PostgreSQL are taken.
        limit: learn from the first so many actions.
        replace_newer: publish also if workers have learned from more likes than the log has.
    """
    from rich.progress import Progress

    from recomind.offline.bulk_training import learn_from_log
    from recomind.offline.datasets import has_videos, read_actions, read_videos

    actions = list(read_actions(folder, limit))
    videos = read_videos(folder) if has_videos(folder) else asyncio.run(_stored_videos(settings))
    with Progress() as progress:
        task = progress.add_task("learning from the log", total=len(actions))
        weights = learn_from_log(actions, videos, lambda count: progress.advance(task, count))
    return asyncio.run(_publish(settings, weights, replace_newer))


async def _publish(settings: Settings, weights: "Weights", replace_newer: bool) -> str:
    async with _read_model(settings) as read_model:
        if not replace_newer and (known := await read_model.newest_version()) >= weights.version:
            return f"workers keep their weights of {known} likes: the log has taught {weights.version}"
        await read_model.publish_weights(weights, _name())
    return f"workers go on from weights of {weights.version} likes"


async def _stored_videos(settings: Settings) -> list["Video"]:
    from recomind.stores.archive import Archive

    archive = Archive(settings.postgres_dsn, settings.postgres_pooling)
    await archive.open()
    try:
        return (await archive.all_videos())[1]
    finally:
        await archive.close()


def _name() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S")


@asynccontextmanager
async def _read_model(settings: Settings) -> AsyncIterator["ReadModel"]:
    from recomind.stores.read_model import ReadModel
    from recomind.stores.redis_store import RedisStore

    read_model = ReadModel(RedisStore(settings.redis_url))
    try:
        yield read_model
    finally:
        await read_model.store.close()


async def _snapshots(settings: Settings) -> list[tuple[str, int, int]]:
    async with _read_model(settings) as read_model:
        found = await read_model.weights_snapshots()
    return [(name, one.version, one.outcomes.likes) for name, one in found]


async def _pin(settings: Settings, version: str | None) -> None:
    async with _read_model(settings) as read_model:
        await read_model.pin_weights(version)


async def _rollback(settings: Settings, version: str) -> None:
    async with _read_model(settings) as read_model:
        await read_model.publish_weights(await read_model.weights_snapshot(version), _name())
