"""Baselines: other programs that do comparable work; `python -m recomind.dev.bench.baselines NAME ADDRESS NUMBER`.

A consuming baseline gets Kafka's brokers and the number of actions, and prints one line of JSON when it is done. A
serving one gets Redis's URL and a port, and runs until it is stopped.
"""

import asyncio
import sys
from collections.abc import Callable
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import msgspec
import uvloop

from recomind.model.events import VideoAction
from recomind.stores import keys
from recomind.stream import topics


class Timing(msgspec.Struct, frozen=True):
    """How long a baseline took."""

    actions: int
    wall: float
    """Seconds from the first action to the last."""
    cpu: float
    """Processor seconds meanwhile."""


class ActionTimer:
    """Counts actions, and prints the timing when all have arrived."""

    def __init__(self, total: int) -> None:
        self._remaining = total
        self._timed = 0
        self._start: tuple[float, float] | None = None

    def count(self, actions: int = 1) -> None:
        """Count actions. The first call starts the clock and its actions are not timed; the last prints the timing."""
        self._remaining -= actions
        if self._start is None:
            self._start = perf_counter(), process_time()
            return
        self._timed += actions
        if self._remaining <= 0:
            wall, cpu = perf_counter() - self._start[0], process_time() - self._start[1]
            print(msgspec.json.encode(Timing(self._timed, wall, cpu)).decode(), flush=True)


def stock_faust(brokers: str, total: int) -> None:
    """A stock Faust agent with one table: the number of actions of each user."""
    import faust

    with TemporaryDirectory() as folder:
        app = faust.App(
            "bench-stock-faust",
            broker=f"kafka://{brokers}",
            topic_partitions=8,
            web_enabled=False,
            datadir=folder,
        )
        counts = app.Table("counts", default=int)
        timer = ActionTimer(total)

        async def count(actions: Any) -> None:
            async for action in actions:
                counts[action["user_id"]] += 1
                timer.count()

        app.agent(app.topic(topics.ACTIONS, key_type=bytes, value_serializer="json"))(count)
        faust.Worker(app, loglevel="WARNING", redirect_stdouts=False).execute_from_commandline()


def plain_aiokafka(brokers: str, total: int) -> None:
    """A plain aiokafka consumer that only decodes."""
    from aiokafka import AIOKafkaConsumer

    async def consume() -> None:
        consumer = AIOKafkaConsumer(
            topics.ACTIONS, bootstrap_servers=brokers, group_id="bench-plain", auto_offset_reset="earliest"
        )
        decode, timer, remaining = msgspec.json.Decoder(VideoAction).decode, ActionTimer(total), total
        await consumer.start()
        while remaining > 0:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                actions = [decode(record.value) for record in records]
                remaining -= len(actions)
                timer.count(len(actions))
        await consumer.stop()

    uvloop.run(consume())


def bare_aiohttp(redis_url: str, port: int) -> None:
    """A bare aiohttp handler: one Redis GET of the user's list is the response."""
    from aiohttp import web
    from redis.asyncio import Redis

    async def handle(request: web.Request) -> web.Response:
        stored = await redis.get(keys.recommendations(request.match_info["user_id"]))
        return web.Response(body=stored, content_type="application/json", status=200 if stored else 404)

    uvloop.install()
    redis = Redis.from_url(redis_url)
    app = web.Application()
    app.router.add_get("/recommendations/{user_id}", handle)
    asyncio.set_event_loop(asyncio.new_event_loop())
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)


BASELINES: dict[str, Callable[[str, int], None]] = {
    "stock-faust": stock_faust,
    "plain-aiokafka": plain_aiokafka,
    "bare-aiohttp": bare_aiohttp,
}

if __name__ == "__main__":
    name, address, number = sys.argv[1:]
    BASELINES[name](address, int(number))
