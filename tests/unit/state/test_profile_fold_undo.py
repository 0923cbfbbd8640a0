"""Undone likes and feedback leave what they were counted in: the state is that of a log without them."""

from math import inf

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomind.model.action_types import FEEDBACK_TYPES, REJECTIONS, UNDO_TYPES, UNDONE_BY
from recomind.model.events import Action
from recomind.model.signals import ActionSignal, SourceOffset, TransitionSignal, UndoSignal
from recomind.state import neighbours, popularity, profile_fold
from recomind.state.neighbours import Neighbours
from recomind.state.older_feedback import is_rejected
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile, has_seen
from recomind.state.profile_entries import MAX_FEEDBACK, MAX_LIKES
from recomind.state.user_blocks import UserBlocks

START = 1.7e9
TYPES = ("like", "like", "undo_like", "undo_like", "view", "skip", "dislike", "undo_dislike", "share", "undo_share")
EVENTS = st.tuples(st.sampled_from("uvw"), st.sampled_from("abc"), st.sampled_from(TYPES), st.integers(0, 3000))
ACTIONS = st.lists(EVENTS.map(lambda one: Action(one[0], one[1], one[2], START + one[3])), max_size=40)


class World:
    """Users and videos, folded from the log of actions by way of signals."""

    def __init__(self, actions=()):
        self.users, self.signals = {}, []
        self.blocks = UserBlocks()
        self.offset = 0
        for action in actions:
            self.act(action)

    def act(self, action):
        before = self.users.get(action.user_id, Profile())
        blocks = self.blocks.of_user(action.user_id, before)
        after, signals = profile_fold.fold(before, SourceOffset(0, self.offset), action, *blocks)
        self.users[action.user_id] = self.blocks.seal_after(action.user_id, before, after)
        self.signals += signals
        self.offset += 1
        return signals

    def popularity(self, video):
        return popularity.fold(Popularity(), self.of(video, TransitionSignal, is_of=False))

    def neighbours(self, video):
        return neighbours.fold(Neighbours(), [one for one in self.signals if one.video_id == video])

    def of(self, video, kind, *, is_of):
        return [one for one in self.signals if one.video_id == video and isinstance(one, kind) == is_of]


def without_undone(actions):
    """The log without what was undone, and without the undos."""
    left = []
    for action in actions:
        if action.action_type in UNDONE_BY:
            key = action.user_id, action.video_id, UNDONE_BY[action.action_type]
            left = [one for one in left if (one.user_id, one.video_id, one.action_type) != key]
        else:
            left.append(action)
    return left


def exact_parts(value):
    """The parts of a popularity that are exact after an undo."""
    return value.counts, value.minutes, value.hours, value.first_likes, value.feedback or (0,) * len(FEEDBACK_TYPES)


@given(ACTIONS)
def test_counts_windows_and_likers_are_those_of_a_log_without_what_was_undone(actions):
    world, clean = World(actions), World(without_undone(actions))
    for video in "abc":
        found, expected = world.popularity(video), clean.popularity(video)
        assert exact_parts(found) == exact_parts(expected)
        for one, other in zip(found.like_scores, expected.like_scores, strict=True):
            assert (one == other == -inf) or one == pytest.approx(other, abs=1e-6)
        likers = [(liker.user_id, liker.timestamp) for liker in world.neighbours(video).likers]
        assert likers == [(liker.user_id, liker.timestamp) for liker in clean.neighbours(video).likers]
    for user, found in world.users.items():
        expected = clean.users.get(user, Profile())
        assert (found.likes, found.feedback) == (expected.likes, expected.feedback)
        assert found.like_count == expected.like_count
        assert found.action_count == sum(one.user_id == user for one in actions)


@given(ACTIONS, st.data())
def test_a_batch_gives_the_same_state_as_its_signals_one_by_one_and_delivered_twice(actions, data):
    world = World(actions)
    for video in "abc":
        signals = world.of(video, TransitionSignal, is_of=False)
        again = data.draw(st.integers(0, len(signals)))
        counted = Popularity()
        for signal in (*signals, *signals[again:]):
            counted = popularity.fold(counted, [signal])
        assert counted == world.popularity(video)
        around = Neighbours()
        for signal in world.signals:
            if signal.video_id == video:
                around = neighbours.fold(around, [signal])
        assert around == world.neighbours(video)


@given(ACTIONS, st.data())
def test_redelivered_actions_change_no_profile_and_send_no_signals(actions, data):
    world = World(actions)
    users, signals = dict(world.users), list(world.signals)
    world.offset = start = data.draw(st.integers(0, len(actions)))
    for action in actions[start:]:
        world.act(action)
    assert (world.users, world.signals) == (users, signals)


def test_liking_and_undoing_again_and_again_counts_once_and_makes_its_pairs_once():
    world = World([Action("u", "a", "like", START)])
    for number in range(300):
        world.act(Action("u", "b", "like", START + number))
        world.act(Action("u", "b", "undo_like", START + number))
    once = World([Action("u", "a", "like", START), Action("u", "b", "like", START)])
    assert world.popularity("b").first_likes == 0
    assert world.neighbours("b").weights == once.neighbours("b").weights
    assert world.neighbours("a").weights == once.neighbours("a").weights
    assert len(msgspec.msgpack.encode(world.users["u"])) < 120
    [signal] = world.act(Action("u", "b", "like", START + 400))
    assert (signal.is_repeat, signal.was_undone) == (False, True)
    assert world.popularity("b").first_likes == 1


def test_a_like_that_later_likes_have_pushed_out_can_be_undone_and_counts_once_still():
    world = World([Action("u", f"v{number}", "like", START + number) for number in range(MAX_LIKES + 5)])
    [undo] = world.act(Action("u", "v0", "undo_like", START + 900))
    assert (undo.acted_at, undo.repeats) == (START, 0)
    assert exact_parts(world.popularity("v0")) == exact_parts(Popularity())
    assert world.act(Action("u", "v0", "undo_like", START + 901)) == []
    [signal] = world.act(Action("u", "v1", "like", START + 902))
    assert signal.is_repeat
    [undo] = world.act(Action("u", "v1", "undo_like", START + 903))
    assert (undo.acted_at, undo.repeats) == (START + 1, 1)


def test_an_undo_of_what_never_was_changes_only_the_count_of_actions():
    world = World()
    for undo in UNDO_TYPES:
        assert world.act(Action("u", "a", undo, START)) == []
    user = world.users["u"]
    assert (user.action_count, user.likes, user.feedback, user.seen) == (len(UNDO_TYPES), (), (), b"")


def test_an_undo_says_when_the_first_of_several_likes_was_and_how_many_there_were():
    world = World([Action("u", "a", "like", START + at) for at in (5.0, 9.0, 2.0)])
    [undo] = world.act(Action("u", "a", "undo_like", START + 20))
    assert isinstance(undo, UndoSignal)
    assert (undo.acted_at, undo.repeats) == (START + 5.0, 2)
    assert exact_parts(world.popularity("a")) == exact_parts(Popularity())


@pytest.mark.parametrize("kind", FEEDBACK_TYPES)
def test_feedback_counts_once_a_user_and_is_undone(kind):
    world = World([Action(user, "a", kind, START) for user in "uuv"])
    counts = dict(zip(FEEDBACK_TYPES, world.popularity("a").feedback, strict=True))
    assert counts == dict.fromkeys(FEEDBACK_TYPES, 0) | {kind: 2}
    assert has_seen(world.users["u"], "a")
    assert is_rejected(world.users["u"], "a") == (kind in REJECTIONS)
    world.act(Action("u", "a", "undo_" + kind, START))
    assert sum(world.popularity("a").feedback) == 1
    assert not is_rejected(world.users["u"], "a")
    assert has_seen(world.users["u"], "a")


def test_a_video_stays_rejected_until_each_rejection_is_undone():
    world = World([Action("u", "a", kind, START) for kind in ("dislike", "report")])
    world.act(Action("u", "a", "undo_dislike", START))
    assert is_rejected(world.users["u"], "a")
    world.act(Action("u", "a", "undo_report", START))
    assert not is_rejected(world.users["u"], "a")


def test_a_rejection_can_be_undone_when_its_fingerprint_is_in_a_block():
    """The latest by event time: it is among the feedback of the profile still."""
    world = World([Action("u", "late", "report", START + 9000)])
    for number in range(400):
        world.act(Action("u", f"v{number}", "view", START + number))
    for kind, expected in (("report", True), ("undo_report", False), ("dislike", True), ("undo_dislike", False)):
        world.act(Action("u", "late", kind, START + 9001))
        user = world.users["u"]
        assert user.seen_blocks > 0
        assert is_rejected(user, "late", *world.blocks.of_user("u", user)) == expected


def test_a_rejection_is_remembered_after_many_others_also_in_a_block():
    world = World([Action("u", f"v{number}", "dislike", START + number) for number in range(400)])
    user = world.users["u"]
    assert user.seen_blocks > 0
    assert len(user.feedback) == MAX_FEEDBACK
    blocks = world.blocks.of_user("u", user)
    assert all(is_rejected(user, f"v{number}", *blocks) for number in range(400))
    assert not is_rejected(user, "other", *blocks)
    for number in range(0, 400, 3):
        assert len(world.act(Action("u", f"v{number}", "undo_dislike", START + 500))) == 1
    user = world.users["u"]
    blocks = world.blocks.of_user("u", user)
    assert [is_rejected(user, f"v{number}", *blocks) for number in range(400)] == [n % 3 > 0 for n in range(400)]


def test_a_repeated_first_like_after_a_repeated_undo_is_a_signal_each_time():
    world = World()
    kinds = [world.act(Action("u", "a", kind, START)) for kind in ("like", "undo_like", "undo_like", "like")]
    assert [[type(signal) for signal in some] for some in kinds] == [[ActionSignal], [UndoSignal], [], [ActionSignal]]
