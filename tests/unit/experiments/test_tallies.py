"""What users of arms were shown and did, by partition."""

import msgspec
import numpy as np
import pytest

from recomind.experiments import tallies as counting
from recomind.experiments.tallies import (
    CREDIT,
    LIKED,
    LISTS,
    RANKER_LEFT_OUT,
    REPEATS,
    SHOWN,
    SKIPPED,
    WATCH_SHARE,
    WATCHED,
    ExperimentTallies,
    StoredArm,
    StoredTally,
    distinct_videos,
    outcome_of,
)
from recomind.model.events import Action
from recomind.model.served_lists import ServedListEvent


def served(user="u1", videos=("v1", "v2"), arm="A", at=10.0, **fields):
    return ServedListEvent("l", user, at, 1, tuple(videos), arms={"e": arm}, handed_out_at=at, shown=b"x", **fields)


@pytest.fixture
def tallies():
    return ExperimentTallies(lambda name, user: 5.0 if name == "e" and user != "forced" else None)


def total(tallies, arm, column, partition=0):
    return int(tallies.partitions[partition]["e"].arms[arm].sums[:, column].sum())


def test_lists_and_outcomes_count_in_their_arm(tallies):
    tallies.count_list(0, served(), 10.0, 1)
    tallies.count_list(0, served("u2", arm="B"), 10.0, 0)
    tallies.count_outcome(0, served(), 10.0, 1, {LIKED: 1})
    assert [total(tallies, "A", column) for column in (SHOWN, REPEATS, LIKED)] == [2, 1, 1]
    assert total(tallies, "B", SHOWN) == 2
    assert tallies.since_start["e", "A"][SHOWN] == 2
    assert {arm: len(one.users) for arm, one in tallies.partitions[0]["e"].arms.items()} == {"A": 1, "B": 1}


@pytest.mark.parametrize("event", [served("forced"), served(at=4.0)])
def test_forced_users_and_lists_from_before_the_experiment_do_not_count(tallies, event):
    tallies.count_list(0, event, 10.0, 0)
    assert not tallies.partitions


def test_likes_of_interleaved_places_are_credited_to_their_team(tallies):
    event = served(videos=("a", "b", "c", "d"), arm="both", teams=bytes([0, 1, 2, 2]))
    for place in range(4):
        tallies.count_outcome(0, event, 10.0, place, {LIKED: 1})
    tallies.count_outcome(0, event, 10.0, 1, {SKIPPED: 1})
    assert total(tallies, "both", CREDIT) == 1
    assert total(tallies, "both", LIKED) == 4


def test_stored_tallies_go_on_in_another_worker(tallies):
    for number in range(100):
        tallies.count_list(0, served(f"u{number}", videos=[f"v{number}", "v"]), 10.0, 0)
    packed = msgspec.msgpack.encode(tallies.stored(0))
    other = ExperimentTallies(tallies.counted_since)
    other.adopt(0, msgspec.msgpack.decode(packed, type=dict[str, StoredTally]))
    other.count_list(0, served("u1"), 10.0, 0)
    arm = other.partitions[0]["e"].arms["A"]
    assert len(arm.users) == 100
    assert int(arm.sums[:, SHOWN].sum()) == 202
    assert distinct_videos(arm.sketch) == pytest.approx(103, abs=8)
    assert arm.sums[:, SHOWN].max() < 202  # by cluster


def test_lists_that_their_ranker_was_left_out_of_count_and_are_counted(tallies):
    for number in range(10):
        tallies.count_list(0, served(f"u{number}", is_ranker_left_out=number < 3), 10.0, 0)
    assert [total(tallies, "A", column) for column in (LISTS, RANKER_LEFT_OUT, SHOWN)] == [10, 3, 20]
    assert len(tallies.partitions[0]["e"].arms["A"].users) == 10


def test_a_tally_of_an_earlier_version_is_continued(tallies):
    sums = np.ones((counting.CLUSTERS, CREDIT + 1), "<i4")
    old = StoredTally(5.0, {"A": StoredArm(sums.tobytes(), b"user", bytes(1 << counting.SKETCH_BITS))})
    tallies.adopt(0, msgspec.msgpack.decode(msgspec.msgpack.encode({"e": old}), type=dict[str, StoredTally]))
    assert [total(tallies, "A", column) for column in (CREDIT, LISTS, RANKER_LEFT_OUT)] == [128, 0, 0]
    tallies.count_list(0, served(is_ranker_left_out=True), 10.0, 0)
    assert [total(tallies, "A", column) for column in (SHOWN, LISTS, RANKER_LEFT_OUT)] == [130, 1, 1]


def test_an_experiment_that_was_made_anew_counts_anew():
    since = [5.0]
    tallies = ExperimentTallies(lambda *_: since[0])
    tallies.count_list(0, served(), 10.0, 0)
    old = tallies.stored(0)
    since[0] = 8.0
    tallies.count_list(0, served(), 10.0, 0)
    tallies.adopt(0, old)
    assert total(tallies, "A", SHOWN) == 2
    tallies.retain_experiments(())
    assert tallies.stored(0) == {}


def test_users_are_counted_until_an_arm_is_full(tallies, monkeypatch):
    monkeypatch.setattr(counting, "MAX_USERS", 3)
    for number in range(10):
        tallies.count_list(0, served(f"u{number}", arm="AB"[number % 2]), 10.0, 0)
    assert {arm: len(one.users) for arm, one in tallies.partitions[0]["e"].arms.items()} == {"A": 3, "B": 2}


def test_an_erased_user_is_no_longer_known(tallies):
    tallies.count_list(0, served(), 10.0, 0)
    tallies.erase("u1")
    stored = tallies.stored(0)["e"].arms["A"]
    assert stored.users == b""
    assert total(tallies, "A", SHOWN) == 2
    tallies.retain_partitions({1})
    assert not tallies.partitions


def test_distinct_videos_are_estimated():
    tallies = ExperimentTallies(lambda *_: 0.0)
    for start in range(0, 20_000, 20):
        tallies.count_list(0, served(videos=[f"v{number}" for number in range(start, start + 20)]), 10.0, 0)
    assert distinct_videos(tallies.partitions[0]["e"].arms["A"].sketch) == pytest.approx(20_000, rel=0.1)
    assert distinct_videos(np.zeros(1 << counting.SKETCH_BITS, np.uint8)) == 0


def test_an_action_counts_what_it_says_for_the_first_time():
    watched = Action("u", "v", "skip", 1.0, watched_ms=30, duration_ms=40)
    first = outcome_of(watched, is_first=True, is_first_like=False, is_first_watch=True)
    assert first == {counting.ACTED_ON: 1, SKIPPED: 1, WATCHED: 1, WATCH_SHARE: 750}
    assert outcome_of(watched, is_first=False, is_first_like=False, is_first_watch=False) == {}
    again = Action("u", "v", "like", 1.0, watched_ms=90, duration_ms=40)
    assert outcome_of(again, is_first=False, is_first_like=True, is_first_watch=True)[WATCH_SHARE] == 1_000
