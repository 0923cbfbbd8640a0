"""The cold path: a person's list when Redis knows neither list nor profile, from the history in PostgreSQL."""

from collections.abc import Sequence
from time import perf_counter

import aiohttp

from recomind.bench.bench import Bench, Worker
from recomind.bench.figures import Figure, at_most, percentile
from recomind.stores import keys
from recomind.stores.values import RedisValues

NAME = "cold"


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
    values, took = RedisValues(bench.settings.redis_url), []
    try:
        async with aiohttp.ClientSession(worker.base) as http:
            for user_id in people:
                await values.delete([keys.recommendations(user_id), keys.recommendations_meta(user_id)])
                await values.delete([keys.user_state(user_id), keys.user_profile(user_id)])
                started = perf_counter()
                async with http.get(f"/recommendations/{user_id}") as answer:
                    await answer.read()
                took.append(perf_counter() - started)
                if (answer.status, answer.headers.get("X-RecoMind-Source")) != (200, "cold"):
                    raise AssertionError(f"{user_id} was answered {answer.status}, not from the archive")
    finally:
        await values.close()
    return took
