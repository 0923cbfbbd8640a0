"""What figures are held against, each run as `python -m recomind.dev.bench.baselines NAME BROKERS-OR-URL NUMBER`.

A peer prints one line of JSON when it is done, or serves until it is ended.
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


class Took(msgspec.Struct, frozen=True):
    """How long a peer took."""

    actions: int
    wall: float
    """Seconds from the first action to the last."""
    cpu: float
    """Processor seconds meanwhile."""


class Meter:
    """Counts actions and tells when all have come."""

    def __init__(self, total: int) -> None:
        self._left = total
        self._timed = 0
        self._start: tuple[float, float] | None = None

    def count(self, actions: int = 1) -> None:
        """Some more; the first start the clock and are not counted, the last have the report printed."""
        self._left -= actions
        if self._start is None:
            self._start = perf_counter(), process_time()
            return
        self._timed += actions
        if self._left <= 0:
            wall, cpu = perf_counter() - self._start[0], process_time() - self._start[1]
            print(msgspec.json.encode(Took(self._timed, wall, cpu)).decode(), flush=True)


def stock_faust(brokers: str, total: int) -> None:
    """A stock Faust agent with one table: how many actions each person has done."""
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
        meter = Meter(total)

        async def count(actions: Any) -> None:
            async for action in actions:
                counts[action["user_id"]] += 1
                meter.count()

        app.agent(app.topic(topics.ACTIONS, key_type=bytes, value_serializer="json"))(count)
        faust.Worker(app, loglevel="WARNING", redirect_stdouts=False).execute_from_commandline()


def plain_aiokafka(brokers: str, total: int) -> None:
    """A plain consumer that decodes and does nothing else."""
    from aiokafka import AIOKafkaConsumer

    async def consume() -> None:
        consumer = AIOKafkaConsumer(
            topics.ACTIONS, bootstrap_servers=brokers, group_id="bench-plain", auto_offset_reset="earliest"
        )
        decode, meter, left = msgspec.json.Decoder(VideoAction).decode, Meter(total), total
        await consumer.start()
        while left > 0:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                read = [decode(record.value) for record in records]
                left -= len(read)
                meter.count(len(read))
        await consumer.stop()

    uvloop.run(consume())


def bare_aiohttp(redis_url: str, port: int) -> None:
    """A handler that does one Redis GET of the person's list and answers with what it finds."""
    from aiohttp import web
    from redis.asyncio import Redis

    async def handle(request: web.Request) -> web.Response:
        found = await redis.get(keys.recommendations(request.match_info["user_id"]))
        return web.Response(body=found, content_type="application/json", status=200 if found else 404)

    uvloop.install()
    redis = Redis.from_url(redis_url)
    app = web.Application()
    app.router.add_get("/recommendations/{user_id}", handle)
    asyncio.set_event_loop(asyncio.new_event_loop())
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)


PEERS: dict[str, Callable[[str, int], None]] = {
    "stock-faust": stock_faust,
    "plain-aiokafka": plain_aiokafka,
    "bare-aiohttp": bare_aiohttp,
}

if __name__ == "__main__":
    name, address, number = sys.argv[1:]
    PEERS[name](address, int(number))
