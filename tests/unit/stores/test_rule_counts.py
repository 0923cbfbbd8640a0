"""What rules did is counted for an hour."""

import numpy as np
import pytest

from recomind.model.catalogue import Video
from recomind.model.rules import Rule, RuleRecord
from recomind.model.users import NO_METADATA
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.policy.rule_book import RuleBook
from recomind.recommender.policy.rule_effects import RuleEffects, count_effects
from recomind.stores.rule_counts import MAX_NOTED, RuleCounts

NO_ROWS = np.empty(0, np.int64)


@pytest.fixture
def index():
    """Ten videos; the first five have the tag `a`, the odd ones the tag `b`."""
    made = VideoIndex()
    for number in range(10):
        tags = [tag for tag, has_it in (("a", number < 5), ("b", number % 2)) if has_it]
        made.put_video(Video(video_id=f"v{number}", tags=tuple(tags)))
    return made


def rules_of(index, **rules):
    book = RuleBook(index)
    for rule_id, rule in rules.items():
        book.apply(RuleRecord("rule", rule_id, rule))
    return book.policy("", NO_METADATA, 1.0).rules


@pytest.fixture
def both(index):
    return rules_of(index, R1=Rule(action="boost", where="tag:a"), R2=Rule(action="pin", where="video:v9", place=1))


@pytest.fixture
def one(index):
    return rules_of(index, R1=Rule(action="bury", where="tag:b"))


def pinned(rules, times):
    return RuleEffects(rules, NO_ROWS, np.full(times, 1))


def moved(rules, *rows):
    return RuleEffects(rules, np.array(rows), NO_ROWS)


def test_lists_and_videos_are_added_up_and_expire_after_an_hour(both, one):
    counts = RuleCounts()
    counts.add(RuleEffects(both, np.array([0, 1, 2, 9]), np.array([1])), 0.0)
    counts.add(moved(one, 1, 3, 4), 1800.0)
    assert counts.last_hour(1800.0) == {"R1": (2, 5), "R2": (1, 1)}
    assert counts.last_hour(3599.0) == {"R1": (2, 5), "R2": (1, 1)}
    assert counts.last_hour(3660.0) == {"R1": (1, 2)}
    assert counts.last_hour(7200.0) == {}


def test_lists_of_a_minute_are_added_up_also_when_rules_change_within_it(both, one):
    counts = RuleCounts()
    for effects in (moved(both, 4, 8), pinned(both, 4), moved(one, 7), RuleEffects(both, np.array([0]), np.array([1]))):
        counts.add(effects, 30.0)
    assert counts.last_hour(40.0) == {"R1": (3, 3), "R2": (2, 5)}


def test_more_lists_than_are_counted_together(both):
    counts = RuleCounts()
    for number in range(2 * MAX_NOTED + 3):
        counts.add(moved(both, number % 10), 1.0)
    lists = sum(number % 10 < 5 for number in range(2 * MAX_NOTED + 3))
    assert counts.last_hour(2.0) == {"R1": (lists, lists)}


def test_a_video_that_has_changed_or_is_new_is_matched_as_it_is_now(index, both):
    index.put_video(Video(video_id="v9", tags=("a",)))
    index.put_video(Video(video_id="new", tags=("a",)))
    both.update()
    lists, videos = count_effects([moved(both, 0, 9, 10), moved(both, 8)])
    assert (lists.tolist(), videos.tolist()) == ([1, 0], [3, 0])


def test_lists_of_two_scenarios_by_turns_are_counted_by_rule(both, one):
    counts = RuleCounts()
    for _ in range(MAX_NOTED):
        counts.add(moved(both, 4), 1.0)
        counts.add(moved(one, 7, 9), 1.0)
    assert counts.last_hour(2.0) == {"R1": (2 * MAX_NOTED, 3 * MAX_NOTED)}
