"""Rates and shares from counts of served lists."""

import pytest

from recomind.runtime.served_quality import quality_of


def test_rates_and_shares_are_those_of_the_counts():
    quality = quality_of(
        {
            "ranked": (90, 30, 18),
            "drawn": (10, 4, 1),
            "control": (20, 5, 1),
            "lists": (20, 10, 8),
            "first likes": (10, 7, 0),
            "repeats": (6, 0, 0),
            "source tags": (50, 20, 10),
            "place 1": (20, 10, 5),
        }
    )
    assert (quality.lists, quality.shown) == (20, 100)
    assert quality.like_rate == 0.19
    assert quality.acted_on == 0.34
    assert quality.like_rate_of_acted_on == pytest.approx(19 / 34, abs=1e-4)
    assert quality.control.like_rate == 0.05
    assert quality.lists_with_a_like == 0.8
    assert quality.hit_rate == 0.7
    assert quality.by_source["tags"].like_rate == 0.2
    assert quality.by_place["1"].like_rate == 0.25
    assert quality.explored_share == 0.1
    assert quality.exploration_cost == pytest.approx(0.1 * (0.2 - 0.1))
    assert quality.repeats == 0.05


def test_nothing_is_divided_by_zero():
    quality = quality_of({})
    assert quality.shown == 0
    assert quality.like_rate is None
    assert quality.exploration_cost is None
    assert quality.repeats is None
    assert quality.by_source == {}
