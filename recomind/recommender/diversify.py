"""Diversity re-ranking: caps on how many of neighbouring list entries share a creator or a tag."""

from collections.abc import Hashable, Mapping
from typing import Final

import msgspec

from recomind.model.text import tag_key
from recomind.recommender.index.columns import Rows
from recomind.recommender.index.video_index import VideoIndex

WINDOW_LENGTH: Final = 10
"""The caps hold within each run of this many videos."""


class Caps(msgspec.Struct, frozen=True):
    """The most of `WINDOW_LENGTH` videos that may share a property; None for no cap."""

    creator: int | None = 3
    tag: int | None = None


NO_CAPS: Final = Caps(None, None)


def diversify(index: VideoIndex, order: Rows, caps: Caps, n: int) -> list[int]:
    """The first `n` rows of `order`; those over a cap are deferred to the next window."""
    remaining: list[int] = order.tolist()
    chosen: list[int] = []
    if caps == NO_CAPS or (caps.tag is None and index.creators.keys().isdisjoint(remaining[: n + WINDOW_LENGTH])):
        return remaining[:n]
    while remaining and len(chosen) < n:
        window, remaining = _split_window(index, remaining, caps)
        chosen += window
    return chosen[:n]


def _split_window(index: VideoIndex, rows: list[int], caps: Caps) -> tuple[list[int], list[int]]:
    """Up to `WINDOW_LENGTH` rows within the caps, and the rest; where too few comply, deferred rows fill the window."""
    if caps.tag is None and caps.creator is not None:
        return _split_by_creator(index.creators, rows, caps.creator)
    used: dict[Hashable, int] = {}
    window, deferred = list[int](), list[int]()
    for position, row in enumerate(rows):
        if len(window) == WINDOW_LENGTH:
            return window, deferred + rows[position:]
        keys = _capped_properties(index, row, caps)
        for key, cap in keys:
            if used.get(key, 0) >= cap:
                deferred.append(row)
                break
        else:
            window.append(row)
            for key, _ in keys:
                used[key] = used.get(key, 0) + 1
    return _filled(window, deferred)


def _split_by_creator(creators: Mapping[int, str], rows: list[int], cap: int) -> tuple[list[int], list[int]]:
    """As `_split_window`, for a cap on creators alone: most lists have no other."""
    used: dict[str, int] = {}
    window, deferred = list[int](), list[int]()
    for position, row in enumerate(rows):
        if len(window) == WINDOW_LENGTH:
            return window, deferred + rows[position:]
        creator = creators.get(row)
        if creator is not None:
            count = used.get(creator, 0)
            if count >= cap:
                deferred.append(row)
                continue
            used[creator] = count + 1
        window.append(row)
    return _filled(window, deferred)


def _filled(window: list[int], deferred: list[int]) -> tuple[list[int], list[int]]:
    """A window that deferred rows fill, and the rest."""
    missing = WINDOW_LENGTH - len(window)
    return window + deferred[:missing], deferred[missing:]


def _capped_properties(index: VideoIndex, row: int, caps: Caps) -> list[tuple[Hashable, int]]:
    """The properties of a video that are capped, with their caps."""
    keys: list[tuple[Hashable, int]] = []
    if caps.creator is not None and row in index.creators:
        keys.append((index.creators[row], caps.creator))
    if caps.tag is not None:
        keys += [(("tag", tag_key(tag)), caps.tag) for tag in index.videos[row].tags]
    return keys
