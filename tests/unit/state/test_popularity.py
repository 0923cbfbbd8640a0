"""Popularity: the same state for any redelivery, batches and interleaving; decay and windows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomind.model.signals import ActionSignal
from recomind.state import popularity
from recomind.state.forward_decay import decayed_count
from recomind.state.popularity import DECAY_RATES, HALF_LIVES_S, Counts, Popularity, window_counts

ACTION_TYPES = st.sampled_from(["like", "view", "skip"])
TIMES = st.integers(0, 10**6).map(float)
DRAWN = st.lists(st.tuples(st.integers(0, 3), ACTION_TYPES, TIMES), max_size=60)


def signals_of(drawn):
    offsets = dict.fromkeys(range(4), 0)
    for source, action_type, at in drawn:
        offsets[source] += 1
        yield ActionSignal("v", source, offsets[source], at, f"u{offsets[source]}", action_type, False, ())


@given(DRAWN, st.data())
def test_popularity_is_the_same_for_any_batches_and_redelivery(drawn, data):
    signals = list(signals_of(drawn))
    cut = data.draw(st.integers(0, len(signals)))
    back = data.draw(st.integers(0, cut))
    in_batches = popularity.fold(popularity.fold(Popularity(), signals[:cut]), signals[back:])
    assert in_batches == popularity.fold(Popularity(), signals)


@given(DRAWN)
def test_popularity_is_the_same_for_any_interleaving_of_sources(drawn):
    signals = list(signals_of(drawn))
    by_source = sorted(signals, key=lambda signal: signal.source)
    one, other = popularity.fold(Popularity(), signals), popularity.fold(Popularity(), by_source)
    assert (one.applied_offsets, one.counts, one.minutes, one.hours) == (
        other.applied_offsets,
        other.counts,
        other.minutes,
        other.hours,
    )
    assert one.like_scores == pytest.approx(other.like_scores)
    assert one.action_scores == pytest.approx(other.action_scores)


def test_a_decayed_score_halves_in_its_half_life():
    one = popularity.fold(Popularity(), [ActionSignal("v", 0, 0, 1000.0, "u", "like")])
    for score, rate, half_life in zip(one.like_scores, DECAY_RATES, HALF_LIVES_S, strict=True):
        assert decayed_count(score, rate, 1000.0 + half_life) == pytest.approx(0.5)


def test_a_window_counts_the_actions_inside_it():
    #   [--- hour ---]          like at 0 h, view at 1.5 h, skip at 2 h
    signals = [
        ActionSignal("v", 0, n, 3600.0 * h, "u", action_type)
        for n, (h, action_type) in enumerate(((0, "like"), (1.5, "view"), (2, "skip")))
    ]
    one = popularity.fold(Popularity(), signals)
    assert window_counts(one, 3600, 7200.0) == Counts(0, 1, 1)
    assert window_counts(one, 86400, 7200.0) == Counts(1, 1, 1)


def test_minute_buckets_older_than_an_hour_are_dropped():
    one = popularity.fold(Popularity(), [ActionSignal("v", 0, n, 60.0 * n, "u", "like") for n in range(200)])
    assert (min(one.minutes), len(one.minutes), one.counts.likes) == (140, 60, 200)
