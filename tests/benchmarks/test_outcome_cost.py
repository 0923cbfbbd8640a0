"""What an outcome of a served list costs the trainer, in processor time: at most 150 microseconds.

python -m pytest tests/benchmarks/test_outcome_cost.py -s
"""

from itertools import count, pairwise
from time import process_time

import pytest

from recomind.dev.simulator import Audience
from recomind.model.events import Action
from recomind.model.served_lists import ServedListEvent
from recomind.model.signals import OUTCOME, PassedOverSignal, SourceOffset
from recomind.recommender.pipeline import rank, slate_of
from recomind.runtime.metrics import Metrics
from recomind.runtime.trainer import Trainer
from recomind.state import older_feedback, profile_fold
from recomind.state.profile import Profile
from recomind.state.seen_blocks import seal
from recomind.state.served_lists import ServedLists
from recomind.stores.archive import Archive
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.ranking_cache import RankingCache
from recomind.stores.read_model import ReadModel

MAX_COST_S = 150e-6
OUTCOMES = 20_000
PAGE = 10


@pytest.mark.slow
def test_an_outcome_costs_at_most_150_microseconds():
    audience = Audience(500, 4_000, 3)
    model = ReadModel(InMemoryStore())
    cache = RankingCache.create(model, Archive("postgresql://nowhere"), partitions=1, ttl=60.0)
    for video in audience.videos:
        cache.index.put_video(video)
    trainer, lists = Trainer(cache, Metrics(), lambda: False), ServedLists()
    slate = slate_of(rank(Profile(), cache.index, 1e9), cache.index, cache.weights, PAGE)
    profiles, offsets, spent, outcomes, passed, rounds = {}, count(), 0.0, 0, 0, []
    for visit in count():
        rounds.append((spent, outcomes))
        if outcomes >= OUTCOMES:
            break
        for number, user in enumerate(audience.users):
            first = (number + 37 * visit) % 400 * PAGE
            ids = tuple(audience.videos[first + place].video_id for place in range(PAGE))
            at, shown = 1e9 + visit, slate.shown
            lists.put(lists.next_offset, at, ServedListEvent(f"{user}:{visit}", user, at, 0, ids, shown))
            for place in (0, 1, 2, 4, 5, 7):
                action = Action(user, ids[place], audience.react(user, ids[place]), at + place)
                before = profiles.get(user, Profile())
                after, derived = profile_fold.fold(before, SourceOffset(0, next(offsets)), action)
                started = process_time()
                joined = lists.join(before, action, derived, at + place / 1000)
                after, signals, _ = trainer.learn_outcome(before, after, action, derived, joined, True)
                spent += process_time() - started
                outcomes += signals[0].outcome == OUTCOME
                more = sum(isinstance(one, PassedOverSignal) for one in signals)
                outcomes, passed = outcomes + more, passed + more
                after, _ = older_feedback.seal(after)
                profiles[user], _ = seal(after)
    costs = [(later - s) / (more - n) for (s, n), (later, more) in pairwise([*rounds[:-1], (spent, outcomes)])]
    print(
        f"{spent / outcomes * 1e6:.0f} us an outcome, {min(costs) * 1e6:.0f} in the round that was least disturbed; "
        f"{outcomes} outcomes, {passed} of them passed over"
    )
    assert min(costs) <= MAX_COST_S
