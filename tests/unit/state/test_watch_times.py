"""Histograms of watch times: exact under any batching, void with their users, and bounded."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from recomind.model.events import MAX_WATCHED_MS, Action
from recomind.model.signals import ActionSignal, SourceOffset, UndoSignal
from recomind.state import popularity, profile_fold
from recomind.state.forgetting import fold_popularity
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile
from recomind.state.watch_times import BINS, GROUPS, bin_position, duration_group, watch_key

TIMES = st.integers(0, MAX_WATCHED_MS)
SIGNALS = st.lists(
    st.tuples(
        st.sampled_from("uvw"),
        st.sampled_from(["view", "skip", "like", "share"]),
        st.booleans(),
        st.none() | TIMES,
        st.none() | st.integers(1, MAX_WATCHED_MS),
    )
)


def signals_of(drawn):
    return [
        ActionSignal("a", 0, offset, 1.7e9, user, kind, is_repeat, watched_ms=watched, duration_ms=duration)
        for offset, (user, kind, is_repeat, watched, duration) in enumerate(drawn)
    ]


@given(SIGNALS, st.data())
def test_a_histogram_is_the_same_however_signals_are_batched_and_redelivered(drawn, data):
    signals = signals_of(drawn)
    middle = data.draw(st.integers(0, len(signals)))
    whole = popularity.fold(Popularity(), signals)
    again = popularity.fold(popularity.fold(Popularity(), signals[:middle]), signals)
    assert again == whole
    counted = [one for one in signals if one.action_type in {"view", "skip"} and not one.is_repeat]
    assert sum(whole.watches.values()) == sum(one.watched_ms is not None for one in counted)
    assert list(whole.watches) == sorted(whole.watches)
    assert all(0 <= key < GROUPS * BINS for key in whole.watches)


@given(SIGNALS)
def test_an_erased_user_leaves_the_histogram(drawn):
    signals = signals_of(drawn)
    without = popularity.fold(Popularity(), [one for one in signals if one.user_id != "u"])
    assert fold_popularity(Popularity(), signals, {"u": {0: len(signals)}}).watches == without.watches


def test_the_undo_of_a_like_changes_no_watch_time():
    view = ActionSignal("a", 0, 0, 1.7e9, "u", "view", watched_ms=900, duration_ms=9_000)
    like = ActionSignal("a", 0, 1, 1.7e9, "u", "like")
    viewed = popularity.fold(Popularity(), [view, like])
    undone = popularity.fold(viewed, [UndoSignal("a", 0, 2, 1.7e9, "u", "like", 1.7e9)])
    assert undone.watches == viewed.watches != {}


@given(TIMES, TIMES)
def test_positions_and_groups_grow_with_time(one, other):
    low, high = sorted((one, other))
    assert 0 <= bin_position(low) <= bin_position(high) < BINS
    assert duration_group(low) <= duration_group(high) < GROUPS


def test_each_group_has_videos_at_most_twice_as_long():
    bounds = [8_000 * 2**number for number in range(7)]
    assert [duration_group(bound - 1) for bound in bounds] == list(range(1, 8))
    assert all(duration_group(one) + 1 == duration_group(other) for one, other in pairwise(bounds))


def test_a_profile_holds_how_long_views_and_skips_lasted():
    user = Profile()
    for offset, (kind, watched) in enumerate([("view", 600), ("skip", None), ("like", 900)]):
        action = Action("u", f"v{offset}", kind, 1.7e9 + offset, watched_ms=watched, duration_ms=9_000)
        user, _ = profile_fold.fold(user, SourceOffset(0, offset), action)
    assert [one.watched for one in user.reactions] == [watch_key(600, 9_000), None]
