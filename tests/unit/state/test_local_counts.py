"""Counts by local context: exact under any batching, void with their users, bounded, and read from earlier versions."""

from string import ascii_uppercase

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomind.model.action_context import context_json
from recomind.model.events import Action
from recomind.model.signals import (
    CORRECTION,
    NOT_SERVED,
    OUTCOME,
    UNDONE,
    ActionSignal,
    PassedOverSignal,
    SourceOffset,
    UndoSignal,
)
from recomind.state import popularity, profile_fold
from recomind.state.forgetting import fold_popularity
from recomind.state.local_counts import MAX_COUNTRIES, LocalCounts
from recomind.state.popularity import Popularity, RankingPopularity
from recomind.state.profile import Profile
from recomind.state.profile_entries import Like

AT = 1.7e9
KEYS = ["", "DE", "DE0", "DE3", "FR1", "2"]
SIGNALS = st.lists(
    st.tuples(
        st.sampled_from("uvw"),
        st.sampled_from(["view", "skip", "like", "passed"]),
        st.sampled_from(KEYS),
        st.sampled_from([NOT_SERVED, OUTCOME, CORRECTION]),
        st.floats(0, 1),
    )
)


def signals_of(drawn):
    found = []
    for offset, (user, kind, local, outcome, expected) in enumerate(drawn):
        if kind == "passed":
            found.append(PassedOverSignal("a", 0, offset, AT, user, local=local, expected=expected))
        else:
            found.append(ActionSignal("a", 0, offset, AT, user, kind, outcome=outcome, local=local, expected=expected))
    return found


@given(SIGNALS, st.data())
def test_counts_are_the_same_however_signals_are_batched_and_redelivered(drawn, data):
    signals = signals_of(drawn)
    middle = data.draw(st.integers(0, len(signals)))
    whole = popularity.fold(Popularity(), signals)
    assert popularity.fold(popularity.fold(Popularity(), signals[:middle]), signals) == whole
    local = [one for one in signals if one.local]
    shown = [one for one in local if isinstance(one, PassedOverSignal) or one.outcome == OUTCOME]
    assert sum(one[0] for one in whole.local.shown.values()) == len(shown)
    liked = [one for one in local if getattr(one, "action_type", "") == "like" and one.outcome != NOT_SERVED]
    assert sum(one[1] for one in whole.local.shown.values()) == len(liked)
    assert sum(one[2] for one in whole.local.shown.values()) == pytest.approx(sum(one.expected for one in shown))


@given(SIGNALS)
def test_an_erased_user_leaves_the_counts(drawn):
    signals = signals_of(drawn)
    without = popularity.fold(Popularity(), [one for one in signals if one.user_id != "u"])
    assert fold_popularity(Popularity(), signals, {"u": {0: len(signals)}}).local == without.local


def test_an_undone_like_leaves_the_context_it_was_counted_in():
    like = ActionSignal("a", 0, 0, AT, "u", "like", outcome=OUTCOME, local="DE3", expected=0.25)
    undo = UndoSignal("a", 0, 1, AT + 9.0, "u", "like", AT, outcome=UNDONE, local="DE3")
    liked = popularity.fold(Popularity(), [like])
    assert liked.local.shown == {"DE3": (1, 1, 0.25)}
    assert liked.local.scores.keys() == {"DE"}
    assert popularity.fold(liked, [undo]).local == LocalCounts({"DE3": (1, 0, 0.25)}, {})


def test_an_undo_takes_the_context_of_the_like_with_it_and_not_its_own():
    user, signals = Profile(), []
    for offset, (kind, country) in enumerate([("like", "DE"), ("like", "FR"), ("undo_like", "US")]):
        action = Action("u", "a", kind, AT + offset, context=context_json({"country": country, "local_hour": 20}))
        user, derived = profile_fold.fold(user, SourceOffset(0, offset), action)
        signals += derived
    assert [one.local for one in signals] == ["DE3", "FR3", "DE3"]
    assert user.local == "US3"
    assert popularity.fold(Popularity(), signals).local == LocalCounts({}, {})


@given(st.permutations([(AT, "DE"), (AT, "FR"), (AT - 5, "US"), (AT - 7, None)]))
def test_the_latest_context_of_a_user_does_not_depend_on_the_order_of_arrival(order):
    user = Profile()
    for offset, (at, country) in enumerate(order):
        context = None if country is None else context_json({"country": country})
        user, _ = profile_fold.fold(
            user, SourceOffset(0, offset), Action("u", f"v{offset}", "view", at, context=context)
        )
    assert user.local == "FR"


def test_a_video_has_a_bounded_number_of_countries():
    keys = [f"{one}{other}{quarter}" for one in ascii_uppercase for other in ascii_uppercase for quarter in range(4)]
    likes = [
        ActionSignal("a", 0, offset, AT + offset, f"u{offset}", "like", outcome=OUTCOME, local=key, expected=0.5)
        for offset, key in enumerate(keys)
    ]
    local = popularity.fold(Popularity(), likes).local
    assert len(local.scores) == MAX_COUNTRIES
    assert len(local.shown) == 4 * MAX_COUNTRIES + 4
    assert sum(one[0] for one in local.shown.values()) == len(keys)
    assert len(msgspec.msgpack.encode(local)) < 4096


def test_values_of_an_earlier_version_are_read():
    encode, decode = msgspec.msgpack.encode, msgspec.msgpack.decode
    counted = popularity.fold(Popularity(), signals_of([("u", "like", "", OUTCOME, 0.0)]))
    before = encode(decode(encode(counted))[:-1])
    assert decode(before, type=Popularity) == counted
    assert decode(before, type=RankingPopularity).local == LocalCounts()
    user, _ = profile_fold.fold(Profile(), SourceOffset(0, 0), Action("u", "a", "like", AT))
    fields = decode(encode(user))
    fields[1] = [one[:-1] for one in fields[1]]
    assert decode(encode(fields[:-1]), type=Profile) == user
    assert user.likes == (Like("a", AT),)
    signal = ActionSignal("a", 0, 0, AT, "u", "like")
    assert decode(encode(decode(encode(signal))[:-2]), type=ActionSignal) == signal
