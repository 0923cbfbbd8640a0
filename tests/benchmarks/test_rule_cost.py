"""What 1,000 rules cost a list, in processor time: at most 10 % of it.

A list is what a worker makes to store: ranked, counted and serialised by its cache.

python -m pytest tests/benchmarks/test_rule_cost.py -s
"""

from itertools import count
from statistics import median
from time import process_time

import numpy as np
import pytest
from msgspec.structs import replace

from recomind.dev.simulator import Audience
from recomind.model.catalogue import count_summaries
from recomind.model.events import Action
from recomind.model.rules import Rule, RuleRecord
from recomind.model.signals import SourceOffset
from recomind.model.users import NO_METADATA
from recomind.offline.engine import Engine
from recomind.recommender.policy.rule_book import RuleBook
from recomind.stores.archive import Archive
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.ranking_cache import RankingCache
from recomind.stores.read_model import ReadModel

MAX_SHARE = 0.10
VIDEOS, USERS, ACTIONS, PLACES, ROUNDS = 20_000, 100, 5_000, 50, 15
LABELS = 400
RULES = 1000


def world():
    """An engine after a history; videos have labels and creators."""
    audience, engine, draw = Audience(USERS, VIDEOS, 3), Engine(learning=False), np.random.default_rng(1)
    for video in audience.videos:
        labels, creator = (f"label {draw.integers(LABELS)}",), f"c{draw.integers(2_000)}"
        engine.put_video(replace(video, labels=labels, creator_id=creator, age_rating=0))
    offsets = count()
    for user, place in zip(draw.choice(audience.users, ACTIONS), draw.zipf(1.2, ACTIONS), strict=True):
        video = audience.videos[int(place) % VIDEOS]
        action = Action(str(user), video.video_id, audience.react(str(user), video.video_id), 1e9)
        engine.observe(action, SourceOffset(0, next(offsets)))
    engine.refresh()
    return audience, engine


def rules(audience):
    """Rules of each kind that match a few videos each, and some that match many; pins are at any place up to 500."""
    tags = sorted({tag for video in audience.videos for tag in video.tags})
    for number in range(RULES):
        label, tag = f'label:"label {number % LABELS}"', f"tag:{tags[number % len(tags)]}"
        yield [
            Rule(action="filter", where=f"{label} {tag}"),
            Rule(action="filter", where=f"creator:c{number}"),
            Rule(action="boost", where=f"{tag} -creator:c{number}", factor=1.01),
            Rule(action="bury", where=label, factor=1.01),
            Rule(action="cap", where=label, at_most=5),
            Rule(action="pin", where=f"video:{audience.videos[-number].video_id}", place=1 + number % 500),
        ][number % 6]


@pytest.mark.slow
def test_a_thousand_rules_cost_at_most_a_tenth_of_a_list():
    audience, engine = world()
    cache, now = RankingCache.create(ReadModel(InMemoryStore()), Archive(""), partitions=8, ttl=10.0), 1e9
    cache.index, book = engine.index, RuleBook(engine.index)
    cache.advance_time(now)
    for number, rule in enumerate(rules(audience)):
        book.apply(RuleRecord("rule", f"R{number}", rule))
    users, costs = [user for user in audience.users if user in engine.profiles], {False: [], True: []}
    started = process_time()
    assert book.policy("", NO_METADATA, now).rules.ids
    compiled_in = process_time() - started
    for _ in range(ROUNDS):
        for is_ruled, spent in costs.items():
            started = process_time()
            for user in users:
                policy = book.policy(user, NO_METADATA, now) if is_ruled else None
                found = cache.list_for(engine.profile(user), PLACES, policy)
                assert count_summaries(found.videos) == PLACES
            spent.append((process_time() - started) / len(users))
    share = median(after / before for before, after in zip(costs[False], costs[True], strict=True)) - 1
    print(
        f"a list takes {min(costs[False]) * 1e6:.0f} us, with {RULES} rules {min(costs[True]) * 1e6:.0f} us: "
        f"{share:+.1%} (median of {ROUNDS} rounds); compiling took {compiled_in * 1e3:.0f} ms"
    )
    assert share <= MAX_SHARE
