"""Which sources proposed a place: bits that are stored."""

import numpy as np

from recomind.recommender.candidates.registry import SOURCES
from recomind.recommender.place_sources import BITS, DRAWN, MAX_SOURCES, pack, unpack


def test_every_source_has_a_bit_of_its_own_that_never_changes():
    assert set(SOURCES) <= set(BITS)
    assert len(set(BITS.values())) == len(BITS)
    assert max(BITS.values()) < MAX_SOURCES
    stored = [
        "trending",
        "tags",
        "liked_together",
        "watched_next",
        "next_lately",
        "similar_users",
        "fresh",
        "retrained",
        "factors",
        "followed",
    ]
    assert [BITS[name] for name in stored] == list(range(10))


def test_places_are_packed_with_their_sources_and_whether_they_were_drawn():
    scores = np.zeros((len(SOURCES), 3))
    scores[0, 0], scores[1, :2], scores[2, 0] = 0.5, 1.0, 0.00001
    first, second, third = unpack(pack(scores, np.array([False, False, True]))).tolist()
    assert first == 1 << BITS["trending"] | 1 << BITS["tags"]
    assert second == 1 << BITS["tags"]
    assert third == 1 << DRAWN | 1 << BITS["fresh"]


def test_sources_that_are_not_built_in_share_a_bit():
    scores = np.zeros((len(SOURCES) + 2, 3))
    scores[1, 0] = scores[-1, :2] = scores[-2, 1] = 1.0
    first, second, third = unpack(pack(scores, np.zeros(3, np.bool_))).tolist()
    assert first == 1 << BITS["tags"] | 1 << BITS["extensions"]
    assert second == 1 << BITS["extensions"] == 1 << 14
    assert third == 0
