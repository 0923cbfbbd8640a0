"""Freshness: how many posted actions a second a worker takes, so that each user who asks gets a list that counts them.

The rate is compared with that of a backlog, and requests are served meanwhile.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from time import perf_counter

from recomind.dev.bench import serving
from recomind.dev.bench.asking import ASK_EVERY, Delay, post_and_ask
from recomind.dev.bench.bench import Bench, Worker
from recomind.dev.bench.measurements import Limit, Measurement, at_most, percentile
from recomind.model.events import Action

NAME = "freshness"

RATE_SHARES = (0.1, 0.5, 0.8)
"""Shares of the sustained rate at which delays are measured."""

BISECTION_STEPS = 6
"""Rates that are tried to find the sustained one."""

HIGHEST_SHARE = 0.2
"""Highest rate that is tried, as a share of the rate of ingest."""

MAX_DELAY_S = 0.25
"""A rate is sustained if the median delay in its last second is at most this."""

MIN_SHARE = 1 / 20
"""Of the rate of ingest: what the sustained rate must reach."""


async def run(bench: Bench) -> list[Measurement]:
    """Measure ingest, find the sustained rate, measure delays at shares of it, and serve requests at half of it."""
    count = bench.size(20_000, 4_000)
    log = bench.actions(6 * count)
    actions, users = iter(log), list(dict.fromkeys(one.user_id for one in log[:count]))
    await bench.prepare(bench.videos())
    with bench.worker() as worker:
        await worker.wait_until_ready()
        ingest = await _ingest(bench, worker, list(islice(actions, count)))
        sustained = await _sustained(bench, worker, actions, HIGHEST_SHARE * ingest)
        name = f"sustained rate of posted actions, one request after each {ASK_EVERY}th"
        measurements = [Measurement(NAME, name, sustained, "1/s", Limit("ingest of a backlog", ingest, MIN_SHARE))]
        for share in RATE_SHARES:
            bench.on_progress(f"{share:.0%} of the sustained rate")
            delays = await post_and_ask(worker, actions, share * sustained, bench.size(10, 4))
            measurements += _measurements(share, delays)
        rest = list(actions)
        served = await serving.compare(bench, worker, users, rest, sustained / 2)
    name = f"requests served while actions come at half of the sustained rate, {sustained / 2:.0f} a second"
    limit = Limit(serving.BASELINE, served.bare.rate, 0.8)
    return [
        *measurements,
        Measurement(NAME, name, served.worker.rate, "1/s", limit),
        Measurement(NAME, f"{name}{serving.AT_A_SERVER}", served.server.rate, "1/s", limit),
    ]


def _measurements(share: float, delays: Sequence[Delay]) -> list[Measurement]:
    seconds = [delay.seconds for delay in delays]
    limits: tuple[Limit | None, Limit | None] = (at_most("stated limit", 100.0), at_most("stated limit", 500.0))
    return [
        Measurement(
            NAME,
            f"delay of a fresh list, p{percent} at {share:.0%} of the sustained rate",
            1e3 * percentile(seconds, percent),
            "ms",
            limit if share == 0.5 else None,
        )
        for percent, limit in zip((50, 99), limits, strict=True)
    ]


async def _ingest(bench: Bench, worker: Worker, actions: Sequence[Action]) -> float:
    """Actions per second of a backlog; the first half of the actions only warms up the worker."""
    half = len(actions) // 2
    await bench.feed(actions[:half])
    await bench.wait_until_committed([worker], half)
    started = perf_counter()
    await bench.feed(actions[half:])
    return (len(actions) - half) / (await bench.wait_until_committed([worker], len(actions)) - started)


async def _sustained(bench: Bench, worker: Worker, actions: Iterator[Action], highest: float) -> float:
    """Actions per second at which lists do not fall behind, by bisection between 0 and `highest`."""
    sustained, seconds, limit = 0.0, bench.size(5, 2), highest
    for _ in range(BISECTION_STEPS):
        rate = (sustained + limit) / 2
        bench.on_progress(f"posting {rate:.0f} actions per second")
        delays = await post_and_ask(worker, actions, rate, seconds)
        end = max(delay.at for delay in delays)
        last_delay = percentile([delay.seconds for delay in delays if delay.at > end - 1], 50)
        sustained, limit = (rate, limit) if last_delay <= MAX_DELAY_S else (sustained, rate)
    return sustained
