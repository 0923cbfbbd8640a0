"""A user counts once for a video in the order of trending lists, however often and with whatever times they like it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomind.model.catalogue import VideoSummary
from recomind.model.events import Action
from recomind.model.signals import ActionSignal, SourceOffset
from recomind.recommender.explain.evidence import counts
from recomind.recommender.explain.trend import trend
from recomind.recommender.index.windowed_top import WINDOWS
from recomind.state import popularity, profile_fold
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile
from recomind.state.profile_entries import MAX_LIKES
from recomind.state.user_blocks import UserBlocks

NOW = 1_700_000_000.0


class User:
    """A user and the blocks of what they have seen."""

    def __init__(self):
        self.profile, self.blocks, self.offset = Profile(), UserBlocks(), 0

    def act(self, video_id, action_type="like", at=NOW):
        """The first signal of an action."""
        self.offset += 1
        before, action = self.profile, Action("u", video_id, action_type, at)
        blocks = self.blocks.of_user("u", before)
        after, signals = profile_fold.fold(before, SourceOffset(0, self.offset), action, *blocks)
        self.profile = self.blocks.seal_after("u", before, after)
        return signals[0]


def popularity_of(signals):
    return popularity.fold(Popularity(), list(signals))


def test_500_likes_of_one_user_are_one_like_in_each_window():
    user = User()
    one = popularity_of(user.act("v") for _ in range(500))
    assert one.counts.likes == 500  # every event counts in the counts of events
    assert one.first_likes == 1
    for window in WINDOWS:
        assert trend(VideoSummary("v", "V", "", ()), one, window, NOW).likes == 1
        assert counts(one, NOW)[window].likes == 1


@pytest.mark.parametrize("others", [MAX_LIKES - 1, MAX_LIKES, 1000])
@pytest.mark.parametrize("at", [NOW - 1200, NOW + 1200])
def test_likes_of_a_video_are_one_like_whatever_was_liked_between_them_and_whatever_their_times(others, at):
    user = User()
    signals = [user.act("v")]
    for number in range(others):
        assert not user.act(f"other{number}", at=NOW + number / 1e6).is_repeat
    signals += [user.act("v", at=at) for _ in range(500)]
    assert [one.is_repeat for one in signals] == [False] + 500 * [True]
    assert popularity_of(signals).like_scores == popularity_of(signals[:1]).like_scores


@given(st.lists(st.tuples(st.integers(0, 150), st.sampled_from(["like", "like", "like", "view"]), st.floats(0, 1e6))))
def test_a_like_is_repeated_if_and_only_if_the_user_has_liked_the_video_before(drawn):
    user, liked = User(), set()
    drawn = [(number, "like", float(number)) for number in range(60)] + drawn
    for number, action_type, at in drawn:
        signal = user.act(f"v{number}", action_type, at)
        if action_type == "like":
            assert (signal.is_repeat, signal.is_repeated_like) == (number in liked, number in liked)
            liked.add(number)


def test_videos_that_are_seen_but_not_liked_are_no_repeated_likes():
    user = User()
    for number in range(2000):
        user.act(f"v{number}", "view", NOW + number)
    for number in range(2000):
        assert not user.act(f"v{number}", "like", NOW + number).is_repeat
    for number in range(0, 2000, 7):
        assert user.act(f"v{number}", "like", NOW + number).is_repeat


def test_a_search_forgets_the_blocks_of_an_erased_user():
    user = User()
    for number in range(1000):
        user.act(f"v{number}", at=NOW + number)
    assert user.act("v0", at=NOW).is_repeat
    before = user.profile
    erased = profile_fold.erase(before, SourceOffset(0, user.offset), user.offset)
    user.profile = user.blocks.seal_after("u", before, erased)
    assert (user.blocks.seen, user.blocks.older) == ({}, {})
    for number in range(1000):
        assert not user.act(f"w{number}", at=NOW + number).is_repeat
    assert not user.act("v0", at=NOW).is_repeat


def test_a_profile_without_dropped_likes_holds_no_more_than_before():
    user = User()
    for number in range(MAX_LIKES):
        user.act(f"v{number}", at=NOW + number)
    assert len(user.profile.seen) == 4 * MAX_LIKES


def test_signals_of_an_older_version_count_in_windows_as_they_did():
    old = list(msgspec.to_builtins(ActionSignal("v", 0, 1, NOW, "u", "like", True), builtin_types=(bytes,)))[:-1]
    read = msgspec.msgpack.decode(msgspec.msgpack.encode(old), type=ActionSignal)
    one = popularity_of([ActionSignal("v", 0, 0, NOW, "u", "like"), read])
    assert trend(VideoSummary("v", "V", "", ()), one, "1h", NOW).likes == 2
