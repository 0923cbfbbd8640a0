"""Serving: requests for stored lists, asked from a second process while actions flow through the same worker."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from statistics import median

import msgspec

from recomind.dev.bench.bench import Bench
from recomind.dev.bench.load import Load
from recomind.dev.bench.measurements import Figure, Limit, at_most
from recomind.dev.bench.processes import running
from recomind.dev.stack.server import free_port
from recomind.model.events import Action

NAME = "serving"

CONNECTIONS = 16
"""Connections that ask at once."""

FLOW = 50.0
"""Actions a second that flow meanwhile."""

ROUNDS = 5
"""Rounds in which the two servers take turns."""


async def run(bench: Bench) -> list[Figure]:
    """Let a bare handler and a worker take turns; of each figure the median of the rounds counts."""
    actions = bench.log(bench.size(20_000, 5_000))
    await bench.prepare(bench.videos())
    seconds, port = bench.size(5, 2), free_port()
    bare_arguments = ["recomind.dev.bench.baselines", "bare-aiohttp", bench.settings.redis_url, str(port)]
    with bench.worker() as worker, running(bare_arguments, bench.folder / "bare.log"):
        await worker.ready()
        lists, flowing = actions[: len(actions) // 5], actions[len(actions) // 5 :]
        await bench.feed(lists)
        await bench.drained([worker], len(lists))
        await bench.settled([worker])
        paths = [f"/recommendations/{user_id}?n=50" for user_id in dict.fromkeys(one.user_id for one in lists)][:500]
        bare, ours = [], []
        async with flow(bench, flowing):
            for number in range(ROUNDS):
                bench.say(f"round {number + 1} of {ROUNDS}")
                bare.append(await _load(port, seconds, paths))
                ours.append(await _load(int(worker.base.rsplit(":", 1)[1]), seconds, paths))
    return _figures(middle(bare), middle(ours))


@asynccontextmanager
async def flow(bench: Bench, actions: Sequence[Action], rate: float = FLOW) -> AsyncIterator[None]:
    """Actions flow into Kafka at a steady rate while the block runs."""
    task = asyncio.create_task(bench.feed(actions, rate))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _figures(bare: Load, ours: Load) -> list[Figure]:
    if ours.failed:
        raise AssertionError(f"{ours.failed} requests were not answered with 200")
    peer = "bare aiohttp, one Redis GET"
    return [
        Figure(NAME, "requests", ours.rate, "1/s", Limit(peer, bare.rate, 0.8)),
        Figure(NAME, "latency, p50", 1e3 * ours.p50, "ms", at_most(peer, 1e3 * bare.p50, 0.0)),
        Figure(NAME, "latency, p99", 1e3 * ours.p99, "ms", at_most(peer, 1e3 * bare.p99, 1.5)),
    ]


async def _load(port: int, seconds: float, paths: Sequence[str]) -> Load:
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "recomind.dev.bench.load", str(port), str(CONNECTIONS), str(seconds)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    line, _ = await program.communicate("\n".join(paths).encode())
    return msgspec.json.decode(line, type=Load)


def middle(loads: Sequence[Load]) -> Load:
    """Each figure's median: a round with the best rate need not have the best tail."""
    return Load(
        rate=median(one.rate for one in loads),
        p50=median(one.p50 for one in loads),
        p99=median(one.p99 for one in loads),
        failed=sum(one.failed for one in loads),
    )
