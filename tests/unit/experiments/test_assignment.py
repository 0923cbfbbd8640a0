"""Which arm a user is in."""

from collections import Counter

import pytest

from recomind.experiments.assignment import RESOLUTION, Span, arm_at, free_span, position_of

USERS = [f"u{number}" for number in range(20_000)]


def test_users_are_split_by_the_shares():
    found = Counter(arm_at(position_of(user, "experiment", "e"), (1, 2, 1)) for user in USERS)
    assert [round(found[arm] / len(USERS), 2) for arm in range(3)] == [0.25, 0.5, 0.25]


@pytest.mark.parametrize("other", [("experiment", "other"), ("layer", "e")])
def test_splits_are_independent_of_each_other(other):
    pairs = Counter((position_of(user, "experiment", "e") < 0.5, position_of(user, *other) < 0.5) for user in USERS)
    assert all(abs(count / len(USERS) - 0.25) < 0.015 for count in pairs.values())


def test_experiments_of_a_layer_share_no_user():
    spans = [Span(0, 3_000)]
    spans.append(free_span(spans, 5_000))
    assert spans[1] == Span(3_000, 5_000)
    assert free_span(spans, 2_001) is None
    assert free_span(spans, 2_000) == Span(8_000, 2_000)
    owners = [[span.has(position_of(user, "layer", "l")) for span in spans] for user in USERS]
    assert all(sum(one) <= 1 for one in owners)
    assert sum(one[1] for one in owners) / len(USERS) == pytest.approx(0.5, abs=0.02)


def test_a_gap_that_was_left_is_filled():
    assert free_span([Span(0, 1_000), Span(4_000, 6_000)], 3_000) == Span(1_000, 3_000)


def test_all_positions_are_in_the_span_of_the_whole_layer():
    assert all(Span(0, RESOLUTION).has(position_of(user, "layer", "l")) for user in USERS)
