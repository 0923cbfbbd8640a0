"""Serving: requests for stored lists from a second process, while the same worker processes actions."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from statistics import median

import msgspec

from recomind.dev.bench.bench import Bench, Worker
from recomind.dev.bench.load import LoadResult
from recomind.dev.bench.measurements import Limit, Measurement, at_most
from recomind.dev.bench.processes import running
from recomind.dev.stack.child_process import free_port
from recomind.model.events import Action

NAME = "serving"

CONNECTIONS = 16
"""Concurrent connections."""

BACKGROUND_RATE = 50.0
"""Actions per second that the worker processes meanwhile."""

MAX_USERS = 500
"""Users whose lists are requested."""

BASELINE = "bare aiohttp, one Redis GET"

ROUNDS = 5
"""Rounds in which both servers take turns."""


async def run(bench: Bench) -> list[Measurement]:
    """Compare a bare handler and a worker."""
    actions = bench.actions(bench.size(20_000, 5_000))
    await bench.prepare(bench.videos())
    with bench.worker() as worker:
        await worker.wait_until_ready()
        first, rest = actions[: len(actions) // 5], actions[len(actions) // 5 :]
        await bench.feed(first)
        await bench.wait_until_committed([worker], len(first))
        users = list(dict.fromkeys(one.user_id for one in first))
        return _measurements(*await compare(bench, worker, users, rest, BACKGROUND_RATE))


async def compare(
    bench: Bench, worker: Worker, users: Sequence[str], actions: Sequence[Action], rate: float
) -> tuple[LoadResult, LoadResult]:
    """Let a bare handler and a worker take turns; the median of each measurement counts.

    Args:
        bench: the bench.
        worker: has processed actions of the users.
        users: whose lists are requested, at most `MAX_USERS`.
        actions: that come meanwhile.
        rate: of these actions, per second.

    Returns:
        The load that the bare handler took, and that the worker took.
    """
    seconds, port = bench.size(5, 2), free_port()
    paths = [f"/recommendations/{user_id}?n=50" for user_id in users[:MAX_USERS]]
    bare_arguments = ["recomind.dev.bench.baselines", "bare-aiohttp", bench.settings.redis_url, str(port)]
    bare, ours = [], []
    with running(bare_arguments, bench.folder / "bare.log"):
        await bench.wait_until_ranked([worker])
        async with background_actions(bench, actions, rate):
            for number in range(ROUNDS):
                bench.on_progress(f"serving, round {number + 1} of {ROUNDS}")
                bare.append(await _measure_load(port, seconds, paths))
                ours.append(await _measure_load(int(worker.base_url.rsplit(":", 1)[1]), seconds, paths))
    if failed := sum(one.failed for one in ours):
        raise AssertionError(f"{failed} responses had another status than 200")
    return median_of(bare), median_of(ours)


@asynccontextmanager
async def background_actions(
    bench: Bench, actions: Sequence[Action], rate: float = BACKGROUND_RATE
) -> AsyncIterator[None]:
    """Write actions to Kafka at a steady rate for the duration of the block."""
    task = asyncio.create_task(bench.feed(actions, rate))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _measurements(bare: LoadResult, ours: LoadResult) -> list[Measurement]:
    return [
        Measurement(NAME, "throughput of requests", ours.rate, "1/s", Limit(BASELINE, bare.rate, 0.8)),
        Measurement(NAME, "latency, p50", 1e3 * ours.p50, "ms", at_most(BASELINE, 1e3 * bare.p50, 0.0)),
        Measurement(NAME, "latency, p99", 1e3 * ours.p99, "ms", at_most(BASELINE, 1e3 * bare.p99, 1.5)),
    ]


async def _measure_load(port: int, seconds: float, paths: Sequence[str]) -> LoadResult:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "recomind.dev.bench.load", str(port), str(CONNECTIONS), str(seconds)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    line, _ = await process.communicate("\n".join(paths).encode())
    return msgspec.json.decode(line, type=LoadResult)


def median_of(results: Sequence[LoadResult]) -> LoadResult:
    """The median of each value on its own: the round with the best rate need not have the best tail latency."""
    return LoadResult(
        rate=median(one.rate for one in results),
        p50=median(one.p50 for one in results),
        p99=median(one.p99 for one in results),
        failed=sum(one.failed for one in results),
    )
