"""One slate of two: places of both by team draft, with the features that each had in its own slate."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from recomind.experiments.interleaving import Drafted, team_draft
from recomind.recommender.slate import Slate

SHARED_PLACE, FIRST_PLACE, SECOND_PLACE = range(3)
"""The teams of places, as they are stored: a byte a place."""

_STORED: Final = {0: SHARED_PLACE, -1: FIRST_PLACE, 1: SECOND_PLACE}


def interleaved(first: Slate, second: Slate, n: int, seed: int) -> tuple[Slate, bytes]:
    """Interleave two slates; returns the slate and the teams of its places.

    Args:
        first: of the first ranker, for the same user at the same time.
        second: of the second ranker.
        n: places.
        seed: of the coins.
    """
    numbers: dict[str, int] = {}
    items = [[numbers.setdefault(pick.video_id, len(numbers)) for pick in slate.picks] for slate in (first, second)]
    draw = np.random.default_rng(seed)
    drafted = team_draft(items[0], items[1], n, lambda: bool(draw.random() < 0.5))
    places = {
        one: (slate, place) for slate, some in ((second, items[1]), (first, items[0])) for place, one in enumerate(some)
    }
    chosen = [places[one.item] if one.team <= 0 else (second, items[1].index(one.item)) for one in drafted]
    return (
        Slate(
            tuple(slate.picks[place] for slate, place in chosen),
            first.as_of,
            first.version,
            _joined([(slate.shown, place, len(slate.picks)) for slate, place in chosen]),
            _joined([(slate.place_sources, place, len(slate.picks)) for slate, place in chosen]),
            first.effects,
            first.is_ranker_left_out or second.is_ranker_left_out,
        ),
        _teams(drafted),
    )


def _joined(parts: Sequence[tuple[bytes, int, int]]) -> bytes:
    """What is packed of places, each given as (packed, place, places)."""
    found = []
    for packed, place, places in parts:
        width = len(packed) // places
        found.append(packed[place * width : (place + 1) * width])
    return b"".join(found)


def _teams(drafted: Sequence[Drafted]) -> bytes:
    return bytes(_STORED[one.team] for one in drafted)
