"""Serving: requests for stored lists while actions are processed, at a worker and at a server without partitions."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from statistics import median
from typing import NamedTuple

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

AT_A_SERVER = ", at a server without partitions"
"""Ends the names of measurements of `recomind serve`."""

ROUNDS = 5
"""Rounds in which all of them take turns."""


async def run(bench: Bench) -> list[Measurement]:
    """Compare a bare handler, a worker, and a server without partitions beside the worker."""
    actions = bench.actions(bench.size(20_000, 5_000))
    await bench.prepare(bench.videos())
    with bench.worker() as worker:
        await worker.wait_until_ready()
        first, rest = actions[: len(actions) // 5], actions[len(actions) // 5 :]
        await bench.feed(first)
        await bench.wait_until_committed([worker], len(first))
        users = list(dict.fromkeys(one.user_id for one in first))
        return _measurements(await compare(bench, worker, users, rest, BACKGROUND_RATE))


class Served(NamedTuple):
    """The load that each took, in the same rounds."""

    bare: LoadResult
    worker: LoadResult
    server: LoadResult
    """Of `recomind serve`, while the worker processes the actions."""


async def compare(bench: Bench, worker: Worker, users: Sequence[str], actions: Sequence[Action], rate: float) -> Served:
    """Let a bare handler, a worker and a server take turns; the median of each measurement counts.

    Args:
        bench: the bench.
        worker: has processed actions of the users.
        users: whose lists are requested, at most `MAX_USERS`.
        actions: that come meanwhile.
        rate: of these actions, per second.
    """
    seconds, port = bench.size(5, 2), free_port()
    paths = [f"/recommendations/{user_id}?n=50" for user_id in users[:MAX_USERS]]
    bare_arguments = ["recomind.dev.bench.baselines", "bare-aiohttp", bench.settings.redis_url, str(port)]
    loads: list[list[LoadResult]] = [[], [], []]
    with running(bare_arguments, bench.folder / "bare.log"), bench.worker("recomind", "serve") as server:
        await server.wait_until_ready()
        await worker.wait_until_ready()  # the group has a new member
        await bench.wait_until_ranked([worker])
        ports = [port, *(int(one.base_url.rsplit(":", 1)[1]) for one in (worker, server))]
        async with background_actions(bench, actions, rate):
            for number in range(ROUNDS):
                bench.on_progress(f"serving, round {number + 1} of {ROUNDS}")
                for own, results in zip(ports, loads, strict=True):
                    results.append(await _measure_load(own, seconds, paths))
    if failed := sum(one.failed for one in (*loads[1], *loads[2])):
        raise AssertionError(f"{failed} responses had another status than 200")
    return Served(*map(median_of, loads))


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


def _measurements(served: Served) -> list[Measurement]:
    rate = Limit(BASELINE, served.bare.rate, 0.8)
    p50, p99 = at_most(BASELINE, 1e3 * served.bare.p50, 0.0), at_most(BASELINE, 1e3 * served.bare.p99, 1.5)
    found: list[Measurement] = []
    for where, ours in (("", served.worker), (AT_A_SERVER, served.server)):
        found += [
            Measurement(NAME, f"throughput of requests{where}", ours.rate, "1/s", rate),
            Measurement(NAME, f"latency, p50{where}", 1e3 * ours.p50, "ms", p50),
            Measurement(NAME, f"latency, p99{where}", 1e3 * ours.p99, "ms", p99),
        ]
    return found


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
