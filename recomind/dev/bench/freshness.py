"""Freshness: time from the response to `POST /video_action` until the list in Redis counts the action."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import islice
from time import perf_counter
from typing import NamedTuple

import aiohttp
import msgspec

from recomind.dev.bench.bench import Bench, Worker
from recomind.dev.bench.measurements import Limit, Measurement, at_most, percentile
from recomind.model.events import Action
from recomind.stores.read_model import ReadModel
from recomind.stores.redis_store import RedisStore
from recomind.stream.log_replay import encode_action

NAME = "freshness"

RATE_SHARES = (0.1, 0.5, 0.8)
"""Shares of the sustained rate at which delays are measured."""

CONNECTIONS = 32
"""Concurrent connections that post the burst."""

BISECTION_STEPS = 5
"""Rates that are tried to find the sustained one."""

MAX_DELAY_S = 0.25
"""A rate is sustained if the median delay in its last second is at most this."""

POLL_INTERVAL_S = 0.004
"""Time between reads of the pending lists: the resolution of the delay."""

TIMEOUT_S = 30.0
"""An action that is in no list by then gets this delay."""


class Posted(NamedTuple):
    """An action whose response has arrived."""

    user_id: str
    source: int
    offset: int
    at: float
    """Time of the response, `perf_counter` seconds."""


class Delay(NamedTuple):
    """Time until an action was in its user's list."""

    at: float
    """Time of the response, `perf_counter` seconds."""
    seconds: float


async def run(bench: Bench) -> list[Measurement]:
    """Find the sustained rate, then measure delays at shares of it."""
    count = bench.size(10_000, 2_000)
    actions = bench.actions(5 * count)
    await bench.prepare(bench.videos())
    with bench.worker() as worker:
        await worker.wait_until_ready()
        burst, rest = await _burst(bench, worker, actions[:count]), iter(actions[count:])
        sustained = await _sustained(bench, worker, rest, burst)
        measurements = [
            Measurement(NAME, "burst rate: posted, and all lists updated", burst, "1/s"),
            Measurement(NAME, "sustained rate: posted, and in a list each", sustained, "1/s"),
        ]
        for share in RATE_SHARES:
            delays = await _delays(bench, worker, rest, share * sustained, bench.size(10, 4))
            measurements += _measurements(share, [delay.seconds for delay in delays])
    return measurements


def _measurements(share: float, delays: Sequence[float]) -> list[Measurement]:
    limits: tuple[Limit | None, Limit | None] = (at_most("stated limit", 100.0), at_most("stated limit", 500.0))
    p50_limit, p99_limit = limits if share == 0.5 else (None, None)
    return [
        Measurement(
            NAME, f"delay, p50 at {share:.0%} of the sustained rate", 1e3 * percentile(delays, 50), "ms", p50_limit
        ),
        Measurement(
            NAME, f"delay, p99 at {share:.0%} of the sustained rate", 1e3 * percentile(delays, 99), "ms", p99_limit
        ),
    ]


async def _sustained(bench: Bench, worker: Worker, actions: Iterator[Action], highest: float) -> float:
    """Actions per second at which lists do not fall behind, by bisection between 0 and `highest`.

    It is lower than the burst rate: in a burst, refreshes queue up, and one list counts several actions of a user.
    """
    sustained, seconds = 0.0, bench.size(5, 2)
    for _ in range(BISECTION_STEPS):
        rate = (sustained + highest) / 2
        delays = await _delays(bench, worker, actions, rate, seconds)
        end = max(delay.at for delay in delays)
        last_delay = percentile([delay.seconds for delay in delays if delay.at > end - 1], 50)
        sustained, highest = (rate, highest) if last_delay <= MAX_DELAY_S else (sustained, rate)
    return sustained


async def _burst(bench: Bench, worker: Worker, actions: Sequence[Action]) -> float:
    """Actions per second when posted as fast as possible; the first half only warms up the worker."""
    half = len(actions) // 2
    await bench.feed(actions[:half])
    await bench.wait_until_committed([worker], half)
    await bench.wait_until_ranked([worker])
    started = perf_counter()
    await _post_burst(worker, actions[half:])
    await bench.wait_until_committed([worker], len(actions))
    return (len(actions) - half) / (await bench.wait_until_ranked([worker]) - started)


async def _post_burst(worker: Worker, actions: Sequence[Action]) -> None:
    """Post as fast as responses arrive, over several connections."""
    remaining = iter(actions)

    async def post() -> None:
        for action in remaining:
            await _post_one(http, action, set())

    async with aiohttp.ClientSession(worker.base_url) as http, asyncio.TaskGroup() as tasks:
        for _ in range(CONNECTIONS):
            tasks.create_task(post())


async def _delays(bench: Bench, worker: Worker, actions: Iterator[Action], rate: float, seconds: float) -> list[Delay]:
    """Post the next actions at `rate` per second for `seconds`, and wait until all are in lists."""
    bench.on_progress(f"posting {rate:.0f} actions per second")
    pending: set[Posted] = set()
    posting = asyncio.create_task(_post(worker, list(islice(actions, int(rate * seconds))), rate, pending))
    delays: list[Delay] = []
    model = ReadModel(RedisStore(bench.settings.redis_url))
    try:
        while not posting.done() or pending:
            started = perf_counter()
            counted = await model.list_offsets(list({one.user_id for one in pending}))
            now = perf_counter()
            seen = {one for one in pending if counted.get(one.user_id, {}).get(one.source, -1) >= one.offset}
            seen |= {one for one in pending if now - one.at > TIMEOUT_S}
            delays += [Delay(one.at, max(0.0, now - one.at)) for one in seen]
            pending -= seen
            await asyncio.sleep(max(POLL_INTERVAL_S, now - started))  # reading slows down the servers under test
        await posting
    finally:
        await model.store.close()
    return delays


async def _post(worker: Worker, actions: Sequence[Action], rate: float, pending: set[Posted]) -> None:
    """Post at a steady rate, independent of the response times."""
    async with aiohttp.ClientSession(worker.base_url) as http, asyncio.TaskGroup() as tasks:
        started = perf_counter()
        for number, action in enumerate(actions):
            await asyncio.sleep(max(0.0, started + number / rate - perf_counter()))
            tasks.create_task(_post_one(http, action, pending))


async def _post_one(http: aiohttp.ClientSession, action: Action, pending: set[Posted]) -> None:
    async with http.post("/video_action", data=encode_action(action)) as response:
        token = msgspec.json.decode(await response.read())["token"]
        source, offset = map(int, token.split(":"))
        pending.add(Posted(action.user_id, source, offset, perf_counter()))
