"""Erasure: apart from applied offsets, the state is that of a log without the user, whatever is redelivered."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from recomind.model.events import Action
from recomind.model.signals import ActionSignal, ErasureSignal, SourceOffset
from recomind.state import neighbours, popularity, profile_fold
from recomind.state.forgetting import Erasure, Refold, erasure_key, merge_erasure, user_of_key
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile

USERS = "uvw"
STEPS = st.lists(
    st.tuples(
        st.sampled_from(USERS),
        st.sampled_from("abcd"),
        st.sampled_from(["like", "view", "skip"]),
        st.integers(0, 9999),
    ),
    max_size=50,
)


def signals_of(steps):
    """The signals of a log of one partition."""
    profiles, signals = {}, []
    for offset, (user, video, action_type, at) in enumerate(steps):
        action = Action(user, video, action_type, float(at))
        profiles[user], new = profile_fold.fold(profiles.get(user, Profile()), SourceOffset(0, offset), action)
        signals += new
    return signals


def folded(signals):
    """(popularity, neighbours) by video, folded one signal at a time."""
    popularities, all_neighbours = {}, {}
    for signal in signals:
        value = neighbours.fold(all_neighbours.get(signal.video_id, Neighbours()), [signal])
        if value != Neighbours():
            all_neighbours[signal.video_id] = value
        if isinstance(signal, ActionSignal):
            known = popularities.get(signal.video_id, Popularity())
            popularities[signal.video_id] = popularity.fold(known, [signal])
    return popularities, all_neighbours


def without_offsets(values, empty):
    """Without applied offsets, and without values that hold nothing else."""
    found = {key: msgspec.structs.replace(one, applied_offsets={}) for key, one in values.items()}
    return {key: one for key, one in found.items() if one != empty}


@given(STEPS, st.integers(0, 50), st.lists(st.integers(1, 20), min_size=1))
def test_a_refold_gives_the_state_of_a_log_without_the_user(steps, until, batch_sizes):
    signals, void = signals_of(steps), {"u": {0: until - 1}}
    refold, rest = Refold("abcd", void), list(signals)
    while rest:
        size = batch_sizes[len(rest) % len(batch_sizes)]
        refold.fold(rest[:size])
        rest = rest[size:]
    valid = [signal for signal in signals if signal.user_id != "u" or signal.offset >= until]
    popularities, all_neighbours = folded(valid)
    assert without_offsets(refold.popularity, Popularity()) == without_offsets(popularities, Popularity())
    assert without_offsets(refold.neighbours, Neighbours()) == without_offsets(all_neighbours, Neighbours())
    everything = folded(signals)
    assert {key: one.applied_offsets for key, one in refold.popularity.items()} == {
        key: one.applied_offsets for key, one in everything[0].items()
    }
    assert {key: one.applied_offsets for key, one in refold.neighbours.items()} == {
        key: one.applied_offsets for key, one in everything[1].items()
    }


@given(STEPS, st.integers(0, 50), st.integers(0, 50))
def test_signals_redelivered_after_a_refold_change_nothing(steps, until, back):
    signals = signals_of(steps)
    refold = Refold("abcd", {"u": {0: until}})
    refold.fold(signals)
    for signal in signals[-back:]:
        value = refold.neighbours.get(signal.video_id, Neighbours())
        assert neighbours.fold(value, [signal]) == value
        if isinstance(signal, ActionSignal):
            counted = refold.popularity[signal.video_id]
            assert popularity.fold(counted, [signal]) == counted


def test_erasing_one_user_leaves_the_signals_of_others():
    steps = [("u", "a", "like", 1), ("v", "a", "like", 2), ("v", "b", "view", 3)]
    refold = Refold("ab", {"w": {0: 99}})
    refold.fold(signals_of(steps))
    assert (refold.popularity, refold.neighbours) == folded(signals_of(steps))


def test_of_two_erasures_of_a_user_the_later_one_counts_in_any_order_of_arrival():
    first, second = ErasureSignal("u", {0: 5}, 5), ErasureSignal("u", {0: 9, 70000: 2}, 9)
    merged = merge_erasure(merge_erasure(Erasure(), first), second)
    assert merged == Erasure({0: 9, 70000: 2}, 9)
    assert merge_erasure(merged, first) is merged
    assert merge_erasure(merged, second) is merged


def test_the_user_of_a_key_is_found_even_if_the_id_has_colons():
    assert user_of_key(erasure_key(12, "3:u:1")) == "3:u:1"
