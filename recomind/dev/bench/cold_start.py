"""The cold path: a person's list when Redis knows neither list nor profile, from the history in PostgreSQL."""

from collections.abc import Sequence
from time import perf_counter

import aiohttp

from recomind.dev.bench.bench import Bench, Worker
from recomind.dev.bench.measurements import Figure, at_most, percentile
from recomind.stores import keys
from recomind.stores.redis_store import RedisValues

NAME = "cold"

TRIES = 3
"""How often a person is asked for at the most."""


async def run(bench: Bench) -> list[Figure]:
    """Forget people in Redis, one after the other, and ask for their lists."""
    actions = bench.log(bench.size(10_000, 2_000))
    await bench.prepare(bench.videos())
    with bench.worker() as worker:
        await worker.ready()
        await bench.feed(actions)
        await bench.drained([worker], len(actions))
        await bench.settled([worker])
        people = list(dict.fromkeys(action.user_id for action in actions))[: bench.size(500, 100)]
        took = await cold_requests(bench, worker, people)
    return [
        Figure(NAME, "latency, p50", 1e3 * percentile(took, 50), "ms"),
        Figure(NAME, "latency, p99", 1e3 * percentile(took, 99), "ms", at_most("promised", 50.0)),
    ]


async def cold_requests(bench: Bench, worker: Worker, people: Sequence[str]) -> list[float]:
    """Seconds that each person's list took, though Redis did not know the person."""
    values = RedisValues(bench.settings.redis_url)
    try:
        async with aiohttp.ClientSession(worker.base) as http:
            return [await _cold_request(http, values, user_id) for user_id in people]
    finally:
        await values.close()


async def _cold_request(http: aiohttp.ClientSession, values: RedisValues, user_id: str) -> float:
    """Seconds that a person's list took; asked again if a worker wrote one after it had been removed."""
    for _ in range(TRIES):
        await values.delete([keys.recommendations(user_id), keys.recommendations_meta(user_id)])
        await values.delete([keys.user_state(user_id), keys.user_profile(user_id)])
        started = perf_counter()
        async with http.get(f"/recommendations/{user_id}") as answer:
            await answer.read()
        took, source = perf_counter() - started, answer.headers.get("X-RecoMind-Source")
        if (answer.status, source) == (200, "cold"):
            return took
    raise AssertionError(f"{user_id} was answered {answer.status} from {source}, not from the archive")
