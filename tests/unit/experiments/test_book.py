"""All experiments as a worker knows them, and the arms that follow."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from recomind.experiments.assignment import Span
from recomind.experiments.book import BOTH, ExperimentBook, key_of, named
from recomind.model.experiments import Arm, Experiment, ExperimentRecord

USERS = [f"u{number}" for number in range(4_000)]
ARMS = (Arm(name="A"), Arm(name="B", exploration=0.1))


def record(name, first=0, created_at=1.0, stopped=None, **fields):
    return ExperimentRecord(name, Experiment(**{"arms": ARMS, **fields}), created_at, first, stopped or {})


@pytest.fixture
def book():
    found = ExperimentBook()
    found.advance(100.0)
    return found


def arms(book, user, scenario="default"):
    return dict(named(book.arms_of(user, scenario)))


def test_nobody_has_an_arm_without_experiments(book):
    assert book.arms_of("u1") == ()
    assert key_of(book.arms_of("u1")) == ""


def test_users_are_split_and_traffic_is_respected(book):
    book.apply(record("e", traffic=0.5, arms=(Arm(name="A", share=3), Arm(name="B", share=1))))
    found = Counter(arms(book, user).get("e") for user in USERS)
    assert found[None] / len(USERS) == pytest.approx(0.5, abs=0.03)
    assert found["A"] / len(USERS) == pytest.approx(0.375, abs=0.03)
    assert arms(book, "") == {}
    assert arms(book, "u1", "kids") == {}


def test_the_same_user_has_the_same_arm_in_every_worker(book):
    other = ExperimentBook()
    for one in (book, other):
        one.apply(record("e"))
    assert all(book.arms_of(user) == other.arms_of(user) for user in USERS[:100])


def test_experiments_run_between_their_times(book):
    starts, ends = (datetime.fromtimestamp(at, UTC) for at in (200, 300))
    changes = []
    book.listeners.append(lambda: changes.append(book.is_running("e")))
    book.apply(record("e", starts_at=starts, ends_at=ends))
    assert not book.is_running("e")
    book.advance(200.0)
    assert book.is_running("e")
    assert arms(book, "u1")
    book.advance(300.0)
    assert not arms(book, "u1")
    assert changes == [True, False]


def test_keys_change_with_an_arm_and_not_with_what_lists_do_not_depend_on(book):
    book.apply(record("e"))
    before = {user: key_of(book.arms_of(user)) for user in USERS[:50]}
    book.apply(record("e", note="more", matters=0.05))
    assert {user: key_of(book.arms_of(user)) for user in USERS[:50]} == before
    book.apply(record("e", arms=(ARMS[0], Arm(name="B", exploration=0.2))))
    changed = {arms(book, user)["e"] for user in USERS[:50] if key_of(book.arms_of(user)) != before[user]}
    assert changed == {"B"}
    assert key_of(()) == ""


def test_users_of_a_stopped_arm_have_none(book):
    book.apply(record("e"))
    split = {user: arms(book, user)["e"] for user in USERS}
    book.apply(record("e", stopped={"B": "worse"}))
    assert {user: arms(book, user).get("e", "B") for user in USERS} == split
    assert all("e" not in arms(book, user) for user, arm in split.items() if arm == "B")


def test_a_forced_arm_is_given_and_does_not_count(book):
    book.apply(record("e", traffic=0.0001, forced={"tester": "B"}))
    assert arms(book, "tester") == {"e": "B"}
    assert book.counted_since("e", "tester") is None
    assert book.counted_since("e", "other") == 1.0
    assert book.counted_since("unknown", "other") is None


def test_experiments_of_a_layer_share_no_user(book):
    book.apply(record("e", layer="l", traffic=0.4))
    span = book.room_for("f", Experiment(arms=ARMS, layer="l", traffic=0.5))
    assert span == Span(4_000, 5_000)
    book.apply(record("f", span.first, 2.0, layer="l", traffic=0.5))
    assert book.room_for("g", Experiment(arms=ARMS, layer="l", traffic=0.2)) is None
    assert book.room_for("f", Experiment(arms=ARMS, layer="l", traffic=0.6)) == span._replace(size=6_000)
    assert book.room_for("g", Experiment(arms=ARMS, traffic=1)) == Span(0, 10_000)
    assert max(len(arms(book, user)) for user in USERS) == 1


def test_a_layer_has_room_again_when_an_experiment_is_over(book):
    book.apply(record("e", layer="l", traffic=1, ends_at=datetime.fromtimestamp(50, UTC)))
    assert book.room_for("f", Experiment(arms=ARMS, layer="l")) == Span(0, 10_000)
    book.apply(ExperimentRecord("e"))
    assert not book.records


def test_overlapping_experiments_of_a_layer_give_a_user_one(book):
    book.apply(record("late", created_at=2.0, layer="l"))
    book.apply(record("early", created_at=1.0, layer="l"))
    assert {tuple(arms(book, user)) for user in USERS[:100]} == {("early",)}


def test_lists_are_interleaved_by_one_experiment_only(book):
    book.apply(record("e", mode="interleaving"))
    book.apply(record("f", created_at=2.0, mode="interleaving"))
    assert arms(book, "u1") == {"e": BOTH}
    [assigned] = book.arms_of("u1")
    assert [arm.name for arm in assigned.configuration] == ["A", "B"]
