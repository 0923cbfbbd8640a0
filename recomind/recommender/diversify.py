"""Diversity: caps on how many of the first videos share a creator or a tag; a re-rank that can be turned off."""

from collections.abc import Hashable
from typing import Final

import msgspec

from recomind.recommender.index.columns import Rows
from recomind.recommender.index.video_index import VideoIndex

WINDOW: Final = 10
"""The caps hold for each run of so many videos."""


class Caps(msgspec.Struct, frozen=True):
    """The most of `WINDOW` videos that may share a property; None for no cap."""

    creator: int | None = 3
    tag: int | None = None


OFF: Final = Caps(None, None)


def diversify(index: VideoIndex, order: Rows, caps: Caps, n: int) -> list[int]:
    """The first `n` of `order`, those over a cap put off until the next window."""
    waiting: list[int] = order.tolist()
    chosen: list[int] = []
    if caps == OFF or (caps.tag is None and index.creators.keys().isdisjoint(waiting[: n + WINDOW])):
        return waiting[:n]
    while waiting and len(chosen) < n:
        taken, waiting = _window(index, waiting, caps)
        chosen += taken
    return chosen[:n]


def _window(index: VideoIndex, rows: list[int], caps: Caps) -> tuple[list[int], list[int]]:
    """Up to `WINDOW` rows within the caps, and those left; all fit where too few do."""
    used: dict[Hashable, int] = {}
    taken, over = list[int](), list[int]()
    for place, row in enumerate(rows):
        if len(taken) == WINDOW:
            return taken, over + rows[place:]
        keys = _capped(index, row, caps)
        for key, most in keys:
            if used.get(key, 0) >= most:
                over.append(row)
                break
        else:
            taken.append(row)
            for key, _ in keys:
                used[key] = used.get(key, 0) + 1
    missing = WINDOW - len(taken)
    return taken + over[:missing], over[missing:]


def _capped(index: VideoIndex, row: int, caps: Caps) -> list[tuple[Hashable, int]]:
    """The properties of a video that are capped, with their caps."""
    keys: list[tuple[Hashable, int]] = []
    if caps.creator is not None and row in index.creators:
        keys.append((index.creators[row], caps.creator))
    if caps.tag is not None:
        keys += [(("tag", tag), caps.tag) for tag in index.videos[row].tags]
    return keys
