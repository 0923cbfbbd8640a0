"""What one action means for the videos it touches: the values that travel from people's partitions to videos'.

An action of a person on a video `v` becomes one `Touched` for `v` and, for a first like, one `Followed` for each
video that the person liked or watched shortly before. A video gets at most one signal of an action, so (video,
origin) names a signal, and a video's state can tell what it has applied already.
"""

from typing import Final, final

import msgspec

from recomind.model.events import Action

TRAIL: Final = 5
"""With how many of the videos liked or watched before it a new like is paired."""


class Origin(msgspec.Struct, frozen=True, gc=False):
    """Where in the log an action stands; offsets grow along a lane.

    A lane is a path on which order holds: the source partition itself, or, for a record that stood in the wrong
    partition and was sent on, the pair of partitions (see `repaired_lane`).
    """

    lane: int
    offset: int


def repaired_lane(source: int, target: int) -> int:
    """The lane of records sent on from partition `source` to `target`.

    A lane of its own, since the records that were right at once overtake the ones sent on.
    """
    return (source + 1) << 16 | target


def place_of(origin: Origin) -> tuple[int, int]:
    """Where the sender put the action: (partition, offset).

    >>> place_of(Origin(2, 7)), place_of(Origin(repaired_lane(5, 2), 7))
    ((2, 7), (5, 7))
    """
    source = (origin.lane >> 16) - 1
    return (origin.lane if source < 0 else source), origin.offset


@final
class Touched(msgspec.Struct, frozen=True, array_like=True, tag="t", gc=False):
    """A person acted on this video."""

    video_id: str
    lane: int
    offset: int
    timestamp: float
    user_id: str
    action_type: str
    again: bool = False
    """The person's state holds an action of the same type on it: counts, but teaches nothing new."""
    trail: tuple[str, ...] = ()
    """For a first like: the videos liked or watched before, latest first, at most `TRAIL`."""


@final
class Followed(msgspec.Struct, frozen=True, array_like=True, tag="f", gc=False):
    """A person who liked or watched this video liked `by` afterwards."""

    video_id: str
    lane: int
    offset: int
    timestamp: float
    by: str
    gap: int
    """How many of the person's likes and views later, from 1 to `TRAIL`."""
    user_id: str = ""
    """Whose pair it is: only for forgetting."""


Signal = Touched | Followed


class Forgotten(msgspec.Struct, frozen=True, array_like=True, tag="x", gc=False):
    """A person is to be forgotten: goes to every partition of videos, behind the signals that it makes void."""

    user_id: str
    origins: dict[int, int]
    """Lane to the last offset whose signals are void."""
    at: int
    """Offset of the control record in the log of the person's partition: of two, the later counts."""


def derive(trail: tuple[str, ...], again: bool, action: Action, origin: Origin) -> list[Signal]:
    """The signals of an action.

    Args:
        trail: the videos that the person liked or watched before this action, latest first, without `action.video_id`.
        again: whether the person is known to have done the same to the same video before.
        action: the action.
        origin: its place in the log.
    """
    video_id, kind, at = action.video_id, action.action_type, action.timestamp
    lane, offset = origin.lane, origin.offset
    if kind != "like" or again:
        trail = ()
    signals: list[Signal] = [Touched(video_id, lane, offset, at, action.user_id, kind, again, trail)]
    for gap, earlier in enumerate(trail, 1):
        signals.append(Followed(earlier, lane, offset, at, video_id, gap, action.user_id))
    return signals
