"""Repeats: what had been acted on before a list was handed out, whatever is read first."""

from recomind.model.served_lists import ServedListEvent
from recomind.offline.verification.recount_repeats import LAG_S, RepeatRecount, Repeats

EVENT = ServedListEvent("l", "u", 0.0, 1, ("a", "b", "c"), arms={"e": "A", "f": "B"})


class User:
    """A user who acts."""

    def __init__(self):
        self.recount, self.seen = RepeatRecount(), set()

    def act(self, at, video):
        self.recount.note("u", at, video, self.seen.copy().__contains__)
        self.seen.add(video)

    def erase(self, at):
        self.recount.note("u", at, "", self.seen.copy().__contains__)
        self.seen.clear()

    @property
    def found(self):
        self.recount.settle(lambda _: self.seen.__contains__)
        return self.recount.found


def test_what_was_acted_on_before_is_a_repeat_and_within_the_lag_an_uncertain_one():
    user = User()
    user.recount.put(1_000.0, EVENT, ("e", "f"))
    user.act(100.0, "a")
    user.act(1_000.0 - LAG_S + 1, "b")
    user.act(1_000.0, "c")
    user.act(1_001.0, "a")
    assert user.found == {("e", "A"): Repeats(1, 2), ("f", "B"): Repeats(1, 2)}


def test_a_list_that_is_read_after_later_actions_has_no_repeats_of_these():
    user = User()
    user.act(100.0, "a")
    user.act(1_001.0, "b")
    user.recount.put(1_000.0, EVENT, ("e",))
    assert user.found == {("e", "A"): Repeats(1, 1)}


def test_an_erasure_forgets_what_was_acted_on_for_later_lists_alone():
    user = User()
    user.act(100.0, "a")
    user.recount.put(1_000.0, EVENT, ("e",))
    user.recount.put(3_000.0, EVENT, ("f",))
    user.erase(2_000.0)
    assert user.found == {("e", "A"): Repeats(1, 1), ("f", "B"): Repeats(0, 0)}


def test_a_list_that_counts_for_no_experiment_is_not_counted():
    user = User()
    user.act(100.0, "a")
    user.recount.put(1_000.0, EVENT, ())
    assert user.found == {}
