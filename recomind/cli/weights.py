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
    from recomind.stores.read_model import ReadModel


@click.group("weights")
def command() -> None:
    """Learn, list, pin and roll back the weights with which workers rank."""


@command.command("learn")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--limit", type=click.IntRange(min=1), help="Learn from the first LIMIT actions.  [default: all]")
def learn(folder: Path, limit: int | None) -> None:
    """Learn weights from the log in FOLDER, in its own order, and have all workers go on from them."""
    version = learn_weights(load_server_settings(), folder, limit)
    click.echo(f"workers go on from weights of {version} likes")


@command.command("list")
def list_versions() -> None:
    """List the versions that can be pinned or rolled back to, the latest first."""
    for name, likes, outcomes in asyncio.run(_snapshots(load_server_settings())):
        click.echo(f"{name}  {likes} likes  {outcomes} outcomes of served lists")


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
    """Go on learning from VERSION."""
    asyncio.run(_rollback(load_server_settings(), version))
    click.echo(f"workers go on from {version}")


def learn_weights(settings: Settings, folder: Path, limit: int | None) -> int:
    """Learn weights from a log and publish them; returns the number of likes behind them."""
    from rich.progress import Progress

    from recomind.offline.bulk_training import learn_from_log
    from recomind.offline.datasets import read_actions, read_videos

    actions, videos = list(read_actions(folder, limit)), list(read_videos(folder))
    with Progress() as progress:
        task = progress.add_task("learning from the log", total=len(actions))
        weights = learn_from_log(actions, videos, lambda count: progress.advance(task, count))

    async def publish() -> None:
        async with _read_model(settings) as read_model:
            await read_model.publish_weights(weights, _name())

    asyncio.run(publish())
    return weights.version


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
    return [(name, one.version, one.outcomes.outcomes) for name, one in found]


async def _pin(settings: Settings, version: str | None) -> None:
    async with _read_model(settings) as read_model:
        await read_model.pin_weights(version)


async def _rollback(settings: Settings, version: str) -> None:
    async with _read_model(settings) as read_model:
        await read_model.publish_weights(await read_model.weights_snapshot(version), _name())
