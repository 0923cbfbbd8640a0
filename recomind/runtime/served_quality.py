"""Quality of served lists: rates and shares of the counts in `served_counts`."""

from collections.abc import Sequence

import msgspec

from recomind.recommender import place_sources
from recomind.runtime.served_counts import FIRST_PLACE, PLACES, ROW_NAMES, NamedCounts

_NOTHING = (0, 0, 0)


class LikeRate(msgspec.Struct, frozen=True):
    """Of places that were shown, how many were liked."""

    shown: int
    like_rate: float | None
    """Likes per shown place; null if none was shown."""


class ServedQuality(msgspec.Struct, frozen=True, kw_only=True):
    """What users were shown in a period, and what they did with it; the control group counts only where it is named."""

    lists: int
    """Lists handed out; a list that was handed out twice counts twice."""
    shown: int
    """Places of these lists."""
    like_rate: float | None
    """Likes per shown place. This and all other shares are null while there is nothing to divide by."""
    acted_on: float | None
    """Share of the shown places that were liked, viewed or skipped."""
    like_rate_of_acted_on: float | None
    """Likes per place that was acted on."""
    control: LikeRate
    """Random lists of the control group."""
    lists_with_a_like: float | None
    """Share of the lists acted on in which a video was liked."""
    hit_rate: float | None
    """Of the first likes after each list, the share whose video was among the first ten of the list."""
    by_source: dict[str, LikeRate]
    """Source to the places whose video it proposed, alone or with others."""
    by_place: dict[str, LikeRate]
    """Place to its like rate; the last entry has all later places."""
    explored: LikeRate
    """Places that were drawn for new uploads."""
    not_explored: LikeRate
    """All other places."""
    explored_share: float | None
    """Share of the places that were drawn."""
    exploration_cost: float | None
    """Likes per shown place that exploration costs: the share explored times the difference of both like rates."""
    repeats: float | None
    """Share of all shown places, also of the control group, whose video the user had acted on before."""


def quality_of(counts: NamedCounts) -> ServedQuality:
    """The quality that named counts show."""
    ranked, drawn, control, lists = (counts.get(name, _NOTHING) for name in ("ranked", "drawn", "control", "lists"))
    places = [one + other for one, other in zip(ranked, drawn, strict=True)]
    likes, hits, *_ = counts.get("first likes", _NOTHING)
    explored, others, share = _rate(drawn), _rate(ranked), _share(drawn[0], places[0])
    cost = None
    if explored.like_rate is not None and others.like_rate is not None and share is not None:
        cost = round(share * (others.like_rate - explored.like_rate), 4)
    return ServedQuality(
        lists=lists[0],
        shown=places[0],
        like_rate=_rate(places).like_rate,
        acted_on=_share(places[1], places[0]),
        like_rate_of_acted_on=_share(places[2], places[1]),
        control=_rate(control),
        lists_with_a_like=_share(lists[2], lists[1]),
        hit_rate=_share(hits, likes),
        by_source={name: _rate(row) for name in place_sources.BITS if (row := counts.get(f"source {name}"))},
        by_place={ROW_NAMES[row][6:]: _rate(counts[ROW_NAMES[row]]) for row in _PLACES if ROW_NAMES[row] in counts},
        explored=explored,
        not_explored=others,
        explored_share=share,
        exploration_cost=cost,
        repeats=_share(counts.get("repeats", _NOTHING)[0], places[0] + control[0]),
    )


_PLACES = range(FIRST_PLACE, FIRST_PLACE + PLACES + 1)


def _rate(row: Sequence[int]) -> LikeRate:
    return LikeRate(row[0], _share(row[2], row[0]))


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
