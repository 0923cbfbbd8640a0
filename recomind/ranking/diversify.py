"""Diversity: caps on how many of the first videos share a creator or a tag; a re-rank that can be turned off."""

from collections import Counter
from typing import Final

import msgspec

from recomind.ranking.index import Rows, VideoIndex

WINDOW: Final = 10
"""The caps hold for each run of so many videos."""


class Caps(msgspec.Struct, frozen=True):
    """The most of `WINDOW` videos that may share a property; None for no cap."""

    creator: int | None = 3
    tag: int | None = None


OFF: Final = Caps(None, None)


def diversify(index: VideoIndex, order: Rows, caps: Caps, n: int) -> list[int]:
    """The first `n` of `order`, those over a cap put off until the next window."""
    waiting, chosen = [int(row) for row in order], list[int]()
    if caps == OFF or (caps.tag is None and index.creators.keys().isdisjoint(waiting[: n + WINDOW])):
        return waiting[:n]
    while waiting and len(chosen) < n:
        taken, waiting = _window(index, waiting, caps)
        chosen += taken
    return chosen[:n]


def _window(index: VideoIndex, rows: list[int], caps: Caps) -> tuple[list[int], list[int]]:
    """Up to `WINDOW` rows within the caps, and those left; all fit where too few do."""
    used: Counter[str] = Counter()
    taken: list[int] = []
    for row in rows:
        if len(taken) == WINDOW:
            break
        keys = _capped(index, row, caps)
        if all(used[key] < most for key, most in keys.items()):
            used.update(keys.keys())
            taken.append(row)
    if len(taken) < min(WINDOW, len(rows)):
        taken += [row for row in rows if row not in set(taken)][: WINDOW - len(taken)]
    left = set(taken)
    return taken, [row for row in rows if row not in left]


def _capped(index: VideoIndex, row: int, caps: Caps) -> dict[str, int]:
    """The properties of a video that are capped, with their caps."""
    keys = {f"tag {tag}": caps.tag for tag in index.videos[row].tags} if caps.tag is not None else {}
    if caps.creator is not None and row in index.creators:
        keys[f"creator {index.creators[row]}"] = caps.creator
    return keys
