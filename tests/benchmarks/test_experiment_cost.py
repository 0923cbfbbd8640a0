"""What experiments cost requests and those who count, in processor time: at most 5 % of serving a stored list.

python -m pytest tests/benchmarks/test_experiment_cost.py -s
"""

from statistics import median
from time import process_time

import pytest
from msgspec.structs import replace

from recomind.experiments.tallies import ExperimentTallies
from recomind.model.catalogue import Video
from recomind.model.experiments import Arm, Experiment, ExperimentRecord
from recomind.model.served_lists import decode_served_list, encode_served_list
from recomind.model.users import NO_METADATA
from recomind.recommender.policy.policy import ListRequest
from recomind.runtime.served_lists import _event, _HandOut
from recomind.state.profile import Profile
from recomind.state.profile_entries import Like
from recomind.stores.archive import Archive
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.ranking_cache import RankingCache
from recomind.stores.read_model import ReadModel

SERVING_S = 125e-6
"""Processor time of a request that is served from the cache, over HTTP: `recomind bench serving` measures more."""

MAX_SHARE = 0.05
USERS, REQUESTS, ROUNDS = 2_000, 4_000, 9


@pytest.fixture
def cache():
    made = RankingCache.create(ReadModel(InMemoryStore()), Archive("postgresql://nowhere"), partitions=8, ttl=10.0)
    for number in range(2_000):
        made.index.put_video(Video(video_id=f"v{number}", title="T", tags=(f"t{number % 30}",), created_at=1e9))
    made.users.metadata_of = lambda _: NO_METADATA
    made.loader.catalogue._position = "0"
    return made


def seconds(run):
    """Median processor time of a request, over rounds."""
    times = []
    for _ in range(ROUNDS):
        started = process_time()
        for number in range(REQUESTS):
            run(f"u{number * 7 % USERS}")
        times.append((process_time() - started) / REQUESTS)
    return median(times)


@pytest.mark.slow
def test_logging_and_assignment_cost_at_most_a_twentieth_of_serving(cache):
    profile = Profile(likes=(Like("v1", 5.0),))

    def serve(user):
        asked = ListRequest(user)
        cache.policy_key(user)
        cache.listed_part(served, 10, asked)
        cache.arms(asked)

    served = cache.list_for(profile, 50, cache.policy(ListRequest("u1"))).as_served
    without = seconds(serve)
    cache.experiments.advance(10.0)
    arms = (Arm(name="A"), Arm(name="B", spread=0.1))
    cache.experiments.apply(ExperimentRecord("e", Experiment(arms=arms), 1.0))
    served = cache.list_for(profile, 50, cache.policy(ListRequest("u1"))).as_served
    assigned = seconds(serve) - without
    event, tallies = _event(_HandOut("u1", 10, 1.0, 1.0, served, is_new=False)), ExperimentTallies(lambda *_: 0.0)

    def log(_):
        decode_served_list(encode_served_list(event))

    logged = seconds(log)
    event = replace(event, arms={})
    logged -= seconds(log)
    event = replace(event, arms={"e": "A"})
    counted = seconds(lambda _: tallies.count_list(0, event, 1.0, 0))
    costs = {"assignment": assigned, "logging": logged, "counting": counted}
    print({name: f"{cost * 1e6:.1f} us" for name, cost in costs.items()})
    assert sum(costs.values()) < MAX_SHARE * SERVING_S
