"""Cold start: ranking a user on request when Redis has neither list nor profile, from the history in PostgreSQL."""

from collections.abc import Sequence
from time import perf_counter

import aiohttp

from recomind.dev.bench.bench import Bench, Worker
from recomind.dev.bench.measurements import Measurement, at_most, percentile
from recomind.stores import keys
from recomind.stores.redis_store import RedisStore

NAME = "cold"

MAX_ATTEMPTS = 3
"""Requests per user."""


async def run(bench: Bench) -> list[Measurement]:
    """Delete users from Redis one by one, and request their lists."""
    actions = bench.actions(bench.size(10_000, 2_000))
    await bench.prepare(bench.videos())
    with bench.worker() as worker:
        await worker.wait_until_ready()
        await bench.feed(actions)
        await bench.wait_until_committed([worker], len(actions))
        await bench.wait_until_ranked([worker])
        user_ids = list(dict.fromkeys(action.user_id for action in actions))[: bench.size(500, 100)]
        latencies = await cold_requests(bench, worker, user_ids)
    return [
        Measurement(NAME, "latency, p50", 1e3 * percentile(latencies, 50), "ms"),
        Measurement(NAME, "latency, p99", 1e3 * percentile(latencies, 99), "ms", at_most("stated limit", 50.0)),
    ]


async def cold_requests(bench: Bench, worker: Worker, user_ids: Sequence[str]) -> list[float]:
    """Seconds that each user's list latencies when Redis did not know the user."""
    store = RedisStore(bench.settings.redis_url)
    try:
        async with aiohttp.ClientSession(worker.base_url) as http:
            return [await _cold_request(http, store, user_id) for user_id in user_ids]
    finally:
        await store.close()


async def _cold_request(http: aiohttp.ClientSession, store: RedisStore, user_id: str) -> float:
    """Seconds that a user's list latencies; tried again if a worker wrote one after it had been deleted."""
    for _ in range(MAX_ATTEMPTS):
        await store.delete([keys.recommendations(user_id), keys.recommendations_meta(user_id)])
        await store.delete([keys.user_state(user_id), keys.user_profile(user_id)])
        started = perf_counter()
        async with http.get(f"/recommendations/{user_id}") as response:
            await response.read()
        latency, source = perf_counter() - started, response.headers.get("X-RecoMind-Source")
        if (response.status, source) == (200, "cold"):
            return latency
    raise AssertionError(f"the list of {user_id} had status {response.status} and source {source}, not cold")
