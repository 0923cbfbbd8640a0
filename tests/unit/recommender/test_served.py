"""Features of served places."""

import numpy as np
import pytest

from recomind.recommender.factors.gaussians import WIDTH
from recomind.recommender.factors.model import ItemFactors
from recomind.recommender.like_rates import NAMES
from recomind.recommender.local_rates import LOCAL_NAMES
from recomind.recommender.served import PLACE_BYTES, VALUES_WITHOUT_RATES, first_places, pack, unpack, weighed

ITEMS = ItemFactors(np.arange(2 * WIDTH, dtype=np.float32).reshape(2, WIDTH), np.ones((2, WIDTH), np.float32))
RATES = np.arange(2 * len(NAMES), dtype=float).reshape(2, -1)
PACKED = pack(np.array([1.0, 0.25]), np.array([0.5, -1.5]), np.array([2.0, 3.0], np.float32), ITEMS, RATES)


def test_the_features_of_each_place_survive_their_encoding():
    assert len(PACKED) == 2 * PLACE_BYTES
    shown = unpack(PACKED, 1, 2)
    assert (shown.propensity, shown.choice, shown.factors) == (0.25, -1.5, 3.0)
    assert shown.item.mean == pytest.approx(ITEMS.mean[1])
    assert list(shown.rates) == RATES[1].tolist()


def test_features_of_an_earlier_version_have_no_like_rates():
    values = np.frombuffer(PACKED, "<f2").reshape(2, -1)[:, :VALUES_WITHOUT_RATES]
    shown = unpack(values.tobytes(), 1, 2)
    assert (shown.choice, list(shown.rates)) == (-1.5, [0.0] * len(NAMES))
    assert shown.item.variance.tolist() == [1.0] * WIDTH


def test_what_is_missing_or_no_number_is_no_example():
    assert unpack(b"", 0, 2) is None
    assert unpack(PACKED, 2, 2) is None
    assert unpack(np.full(len(PACKED) // 2, np.nan, "<f2").tobytes(), 0, 2) is None


def test_the_first_places_of_a_list_are_cut_off_with_their_features():
    assert first_places(PACKED, 1, 2) == PACKED[:PLACE_BYTES]
    assert first_places(PACKED, 5, 2) == PACKED
    assert first_places(b"", 1, 0) == b""


def test_a_place_takes_seventy_bytes():
    assert PLACE_BYTES == 70


def test_only_a_list_for_a_local_context_has_local_rates():
    local = np.column_stack([RATES, np.full((2, len(LOCAL_NAMES)), 0.5)])
    packed = pack(np.array([1.0, 0.25]), np.array([0.5, -1.5]), np.array([2.0, 3.0], np.float32), ITEMS, local)
    assert len(packed) == 2 * (PLACE_BYTES + 2 * len(LOCAL_NAMES))
    assert list(unpack(packed, 1, 2).rates) == local[1].tolist()
    assert weighed(packed, 2).tolist() == np.column_stack([[0.5, -1.5], [2.0, 3.0], local]).tolist()
    assert weighed(PACKED, 2).shape == (2, 2 + len(NAMES))
