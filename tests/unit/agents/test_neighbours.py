"""The agent `neighbours`: what it publishes when signals come again."""

import asyncio
from types import SimpleNamespace

from recomind.model.signals import ActionSignal
from recomind.settings import Settings
from recomind.stores.archive import Archive
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.read_model import ReadModel
from recomind.stream.batches import Batch
from recomind.stream.codec import signals_record
from recomind.worker import create_app
from recomind_agents.neighbours import NeighboursProcessor
from recomind_tables import neighbours as table


async def test_neighbours_are_published_again_when_their_signals_are_delivered_again():
    app = create_app(Settings(), ReadModel(InMemoryStore()), Archive(""))
    neighbours, published = table.declare(app), {}
    neighbours._values = {1: {}}
    neighbours._recovery = {1: asyncio.get_running_loop().create_future()}
    neighbours._recovery[1].set_result(None)
    processor = NeighboursProcessor(app, neighbours)
    processor._read_model.add = published.__setitem__
    signals = [ActionSignal("liked", 0, 5, 1.0, "u", "like"), ActionSignal("seen", 0, 6, 2.0, "u", "view")]
    record = signals_record(signals)
    received = SimpleNamespace(topic="video_signals", offset=9, value=record.value, headers=record.headers)
    batch = Batch("video_signals", 1, [received])
    await processor.process(batch)
    first = published.pop("liked")
    await processor.process(batch)
    assert published == {"liked": first}
