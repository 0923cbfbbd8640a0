"""What experiments cost, in processor time: at most 5 % of serving a stored list over HTTP, measured in the same run.

The lists come from a store in memory, so a request costs less here than where Redis has them. A request costs more
while an experiment runs; what is logged and counted of it later, in other places, is added.

python -m pytest tests/benchmarks/test_experiment_cost.py -s
"""

import asyncio
import sys
from itertools import count
from statistics import median
from time import process_time

import msgspec
import pytest
from msgspec.structs import replace

from recomind.dev.bench.load import LoadResult
from recomind.experiments.tallies import ExperimentTallies
from recomind.model.catalogue import Video
from recomind.model.experiments import Arm, Experiment, ExperimentRecord
from recomind.model.served_lists import decode_served_list, encode_served_list
from recomind.model.users import NO_METADATA
from recomind.recommender.policy.policy import ListRequest
from recomind.runtime.served_lists import _event, _HandOut
from recomind.state.profile import Profile
from recomind.state.profile_entries import Like
from recomind.stores.memory_store import InMemoryStore
from tests.web.serving import Served

MAX_SHARE = 0.05
USERS, EVENTS, ROUNDS, SECONDS = 500, 4_000, 9, 2.0


def put_videos(app):
    """Give an app a catalogue and a store of its own."""
    app.read_model.store, cache = InMemoryStore(), app.ranking_cache
    for number in range(2_000):
        cache.index.put_video(Video(video_id=f"v{number}", title="T", tags=(f"t{number % 30}",), created_at=1e9))
    cache.users.metadata_of = lambda _: NO_METADATA
    cache.loader.catalogue._position = "0"


async def store_profiles(app):
    """Store the profile of each user."""
    profile = Profile(likes=(Like("v1", 5.0),), like_count=1)
    await app.read_model.put_profiles({f"u{number}": profile for number in range(USERS)})


async def seconds_of_a_request(served):
    """Processor time of this process for a request that another one sends."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "recomind.dev.bench.load", str(served.port), "8", str(SECONDS)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    started = process_time()
    line, _ = await process.communicate("\n".join(f"/recommendations/u{n}?n=10" for n in range(USERS)).encode())
    spent, load = process_time() - started, msgspec.json.decode(line, type=LoadResult)
    assert load.failed == 0
    return spent / (load.rate * SECONDS)


def seconds_of_an_event(run):
    """Median processor time of an event, over rounds."""
    times = []
    for _ in range(ROUNDS):
        started = process_time()
        for number in range(EVENTS):
            run(f"u{number * 7 % USERS}")
        times.append((process_time() - started) / EVENTS)
    return median(times)


def event_costs(served_list):
    """Processor time of the arms in an event: to log them, and to count them."""
    event, tallies = (
        _event(_HandOut(ListRequest("u1"), 10, 1.0, 1.0, served_list, is_new=False)),
        ExperimentTallies(lambda *_: 0.0),
    )

    def log(_):
        decode_served_list(encode_served_list(event))

    without = seconds_of_an_event(log)
    event = replace(event, arms={"e": "A"})
    offsets = count()
    return {
        "logging": seconds_of_an_event(log) - without,
        "counting": seconds_of_an_event(lambda _: tallies.count_list(0, event, 1.0, next(offsets))),
    }


@pytest.mark.slow
async def test_logging_and_assignment_cost_at_most_a_twentieth_of_serving():
    async with Served() as plain, Served() as experimental:
        for served in (plain, experimental):
            put_videos(served.app)
            await store_profiles(served.app)
        cache = experimental.app.ranking_cache
        cache.experiments.advance(10.0)
        arms = (Arm(name="A"), Arm(name="B", spread=0.1))
        cache.experiments.apply(ExperimentRecord("e", Experiment(arms=arms), 1.0))
        for served in (plain, experimental):  # ranks and stores the lists
            await seconds_of_a_request(served)
        pairs = [(await seconds_of_a_request(plain), await seconds_of_a_request(experimental)) for _ in range(ROUNDS)]
        serving = median(before for before, _ in pairs)
        costs = {"assignment": median(after - before for before, after in pairs)}
        costs |= event_costs(cache.list_for(Profile(), 50, cache.policy(ListRequest("u1"))).as_served)
    print(f"a request: {serving * 1e6:.1f} us, of this", {name: f"{cost * 1e6:.1f} us" for name, cost in costs.items()})
    print(f"{sum(costs.values()) / serving:.1%}")
    assert sum(costs.values()) < MAX_SHARE * serving
