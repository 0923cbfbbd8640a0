"""Posting: throughput of `POST /video_actions` in small batches beside that in large ones."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import islice
from statistics import median
from time import perf_counter

import aiohttp

from recomind.dev.bench.bench import Bench, Worker
from recomind.dev.bench.measurements import Limit, Measurement
from recomind.model.events import Action
from recomind.stream.log_replay import encode_action

NAME = "posting"

SMALL, LARGE = 100, 1_000
"""Actions in a request."""

CONNECTIONS = 4
"""Concurrent connections, each with one request at a time."""

ROUNDS = 5
"""Rounds in which both sizes take turns; the median of each counts. Another one before them warms up the worker."""


async def run(bench: Bench) -> list[Measurement]:
    """Post the same number of actions in both sizes, in turns; between them the worker catches up."""
    size, rounds = bench.size(24_000, 8_000), bench.size(ROUNDS, 1)
    actions = iter(bench.actions(2 * (1 + rounds) * size))
    await bench.prepare(bench.videos())
    with bench.worker() as worker:
        await worker.wait_until_ready()
        poster = Poster(bench, worker)
        await poster.rates(actions, size)
        turns = [await poster.rates(actions, size) for _ in range(rounds)]
    small, large = (median(rates) for rates in zip(*turns, strict=True))
    beside = f"in batches of {LARGE}"
    name = f"actions posted in batches of {SMALL} over {CONNECTIONS} connections"
    return [Measurement(NAME, name, small, "1/s", Limit(beside, large, 0.7))]


class Poster:
    """Posts batches to a worker."""

    def __init__(self, bench: Bench, worker: Worker) -> None:
        self._bench = bench
        self._worker = worker
        self._posted = 0

    async def rates(self, actions: Iterator[Action], size: int) -> tuple[float, float]:
        """Actions per second in small and in large batches, `size` actions each."""
        small = await self._rate(list(islice(actions, size)), SMALL)
        return small, await self._rate(list(islice(actions, size)), LARGE)

    async def _rate(self, actions: Sequence[Action], batch: int) -> float:
        bodies = [
            b"[" + b",".join(map(encode_action, actions[start : start + batch])) + b"]"
            for start in range(0, len(actions), batch)
        ]
        self._bench.on_progress(f"posting {len(actions)} actions in batches of {batch}")
        started = perf_counter()
        await post_all(self._worker.base_url, "/video_actions", bodies, CONNECTIONS)
        rate = len(actions) / (perf_counter() - started)
        self._posted += len(actions)
        await self._bench.wait_until_committed([self._worker], self._posted)
        return rate


async def post_all(base_url: str, path: str, bodies: Sequence[bytes], connections: int) -> None:
    """Post bodies over so many connections, each as soon as the response to the one before has come."""
    remaining = iter(bodies)

    async def post() -> None:
        for body in remaining:
            async with http.post(path, data=body) as response:
                if response.status != 202:
                    raise AssertionError(f"POST {path} was answered {response.status}: {await response.text()}")

    async with aiohttp.ClientSession(base_url) as http, asyncio.TaskGroup() as tasks:
        for _ in range(connections):
            tasks.create_task(post())
