"""How long a video was watched, as a histogram: the sketch from which quantiles of watch time are read.

A raw time says little, as long videos are watched longer, and so does a raw share, as short videos are watched to their
end. So times are compared within a group of videos of about the same duration. A histogram with fixed bins is merged by
adding it up, in any order, and what is added can be subtracted. It is part of each video's popularity, so it follows
from the log of signals, and an erased user leaves it with the rest.

Groups double in duration, from below 8 s to 512 s and more. Group 0 holds times without a duration: whoever reads the
histogram may know it from the catalogue. Bins grow by the square root of 2, from 0.25 s to three hours.
"""

from collections.abc import Iterable, Mapping
from math import log2
from typing import Final

from recomind.model.signals import ActionSignal

UNKNOWN_DURATION: Final = 0
FIRST_GROUP_MS: Final = 8_000
"""Durations below it are in group 1, those below twice as much in group 2, and so on."""

GROUPS: Final = 9
"""Group 0, and 8 groups of durations."""

FIRST_BIN_MS: Final = 250
"""Times below it are in bin 0."""

BINS: Final = 32
BINS_PER_OCTAVE: Final = 2

Watches = dict[int, int]
"""`BINS` times the group plus the bin, to how many views and skips were watched for so long."""


def duration_group(duration_ms: int | None) -> int:
    """The group of a duration in milliseconds; `UNKNOWN_DURATION` if there is none.

    >>> [duration_group(one) for one in (None, 7_999, 8_000, 16_000, 511_999, 9_999_999)]
    [0, 1, 2, 3, 7, 8]
    """
    if not duration_ms:
        return UNKNOWN_DURATION
    octave = (duration_ms // FIRST_GROUP_MS).bit_length()
    return min(GROUPS - 1, 1 + octave)


def bin_position(watched_ms: int) -> float:
    """Where a time is among the bins: its bin is the whole part, and the rest says where in it.

    >>> bin_position(0), bin_position(250), bin_position(500), int(bin_position(86_400_000))
    (0.0, 1.0, 3.0, 31)
    """
    if watched_ms < FIRST_BIN_MS:
        return watched_ms / FIRST_BIN_MS
    return min(BINS - 0.001, 1 + BINS_PER_OCTAVE * log2(watched_ms / FIRST_BIN_MS))


def watch_key(watched_ms: int, duration_ms: int | None) -> int:
    """The duration group and the bin of a time, as a key of `Watches`.

    >>> divmod(watch_key(600, 9_000), BINS)
    (2, 3)
    """
    return BINS * duration_group(duration_ms) + int(bin_position(watched_ms))


def add_watches(watches: Mapping[int, int], signals: Iterable[ActionSignal]) -> Watches:
    """Add the watch times of views and skips: of each user one of a video, as far as repetitions are recognised."""
    added = dict(watches)
    for signal in signals:
        if signal.watched_ms is not None and not signal.is_repeat and signal.action_type in {"view", "skip"}:
            key = watch_key(signal.watched_ms, signal.duration_ms)
            added[key] = added.get(key, 0) + 1
    return dict(sorted(added.items()))
