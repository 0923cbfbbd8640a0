"""Freshness: from the acknowledgement of `POST /video_action` to the list in Redis that counts the action."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import islice
from time import perf_counter
from typing import NamedTuple

import aiohttp
import msgspec

from recomind.dev.bench.bench import Bench, Worker
from recomind.dev.bench.measurements import Figure, Limit, at_most, percentile
from recomind.model.events import Action
from recomind.stores.read_model import ReadModel
from recomind.stores.redis_store import RedisValues
from recomind.stream.log_replay import encode

NAME = "freshness"

SHARES = (0.1, 0.5, 0.8)
"""Of the sustained rate."""

CONNECTIONS = 32
"""Connections that post at once to find the sustained rate."""

PROBES = 5
"""Rates that are tried to find the sustained one, each half way between what held and what did not."""

BEHIND = 0.25
"""Seconds by which lists may be behind, in the median, at the end of a rate that is sustained."""

LOOK = 0.004
"""Seconds between looks at the lists waited for: how finely the delay is measured."""

PATIENCE = 30.0
"""Seconds after which an action counts as never seen."""


class Posted(NamedTuple):
    """An action that has been acknowledged."""

    user_id: str
    lane: int
    offset: int
    at: float
    """When the acknowledgement came, seconds."""


class Delay(NamedTuple):
    """How long an action's list took."""

    at: float
    """When the action had been acknowledged, seconds."""
    seconds: float


async def run(bench: Bench) -> list[Figure]:
    """Find the sustained rate, then post at shares of it."""
    count = bench.size(10_000, 2_000)
    actions = bench.log(5 * count)
    await bench.prepare(bench.videos())
    with bench.worker() as worker:
        await worker.ready()
        burst, rest = await _burst(bench, worker, actions[:count]), iter(actions[count:])
        sustained = await _sustained(bench, worker, rest, burst)
        figures = [
            Figure(NAME, "in a burst: posted, and everybody's list made", burst, "1/s"),
            Figure(NAME, "sustained rate: posted, and in a list each", sustained, "1/s"),
        ]
        for share in SHARES:
            delays = await _delays(bench, worker, rest, share * sustained, bench.size(10, 4))
            figures += _figures(share, [delay.seconds for delay in delays])
    return figures


def _figures(share: float, delays: Sequence[float]) -> list[Figure]:
    bars: tuple[Limit | None, Limit | None] = (at_most("promised", 100.0), at_most("promised", 500.0))
    p50_bar, p99_bar = bars if share == 0.5 else (None, None)
    return [
        Figure(NAME, f"p50 at {share:.0%} of it", 1e3 * percentile(delays, 50), "ms", p50_bar),
        Figure(NAME, f"p99 at {share:.0%} of it", 1e3 * percentile(delays, 99), "ms", p99_bar),
    ]


async def _sustained(bench: Bench, worker: Worker, actions: Iterator[Action], most: float) -> float:
    """Actions a second that a worker keeps up with, by bisection: lists do not fall behind, however long it lasts.

    It is less than a burst's: there, lists wait, and one counts all that a person has done meanwhile.
    """
    held, seconds = 0.0, bench.size(5, 2)
    for _ in range(PROBES):
        rate = (held + most) / 2
        delays = await _delays(bench, worker, actions, rate, seconds)
        end = max(delay.at for delay in delays)
        behind = percentile([delay.seconds for delay in delays if delay.at > end - 1], 50)
        held, most = (rate, most) if behind <= BEHIND else (held, rate)
    return held


async def _burst(bench: Bench, worker: Worker, actions: Sequence[Action]) -> float:
    """Actions a second that are taken as fast as they can be posted; the first half only warms the worker up."""
    half = len(actions) // 2
    await bench.feed(actions[:half])
    await bench.drained([worker], half)
    await bench.settled([worker])
    started = perf_counter()
    await _post_flat_out(worker, actions[half:])
    await bench.drained([worker], len(actions))
    return (len(actions) - half) / (await bench.settled([worker]) - started)


async def _post_flat_out(worker: Worker, actions: Sequence[Action]) -> None:
    """Post as fast as answers come, over a number of connections."""
    left = iter(actions)

    async def post() -> None:
        for action in left:
            await _post_one(http, action, set())

    async with aiohttp.ClientSession(worker.base) as http, asyncio.TaskGroup() as tasks:
        for _ in range(CONNECTIONS):
            tasks.create_task(post())


async def _delays(bench: Bench, worker: Worker, actions: Iterator[Action], rate: float, seconds: float) -> list[Delay]:
    """Post the next actions at a rate, for so many seconds, and wait for their lists."""
    bench.say(f"posting {rate:.0f} a second")
    waiting: set[Posted] = set()
    posting = asyncio.create_task(_post(worker, list(islice(actions, int(rate * seconds))), rate, waiting))
    delays: list[Delay] = []
    model = ReadModel(RedisValues(bench.settings.redis_url))
    try:
        while not posting.done() or waiting:
            asked = perf_counter()
            counted = await model.counted(list({one.user_id for one in waiting}))
            now = perf_counter()
            seen = {one for one in waiting if counted.get(one.user_id, {}).get(one.lane, -1) >= one.offset}
            seen |= {one for one in waiting if now - one.at > PATIENCE}
            delays += [Delay(one.at, max(0.0, now - one.at)) for one in seen]
            waiting -= seen
            await asyncio.sleep(max(LOOK, now - asked))  # looking takes from those who are looked at
        await posting
    finally:
        await model.values.close()
    return delays


async def _post(worker: Worker, actions: Sequence[Action], rate: float, waiting: set[Posted]) -> None:
    """Post at a steady rate, however long answers take."""
    async with aiohttp.ClientSession(worker.base) as http, asyncio.TaskGroup() as tasks:
        started = perf_counter()
        for number, action in enumerate(actions):
            await asyncio.sleep(max(0.0, started + number / rate - perf_counter()))
            tasks.create_task(_post_one(http, action, waiting))


async def _post_one(http: aiohttp.ClientSession, action: Action, waiting: set[Posted]) -> None:
    async with http.post("/video_action", data=encode(action)) as answer:
        token = msgspec.json.decode(await answer.read())["token"]
        lane, offset = map(int, token.split(":"))
        waiting.add(Posted(action.user_id, lane, offset, perf_counter()))
