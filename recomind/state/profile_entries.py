"""Entries of a profile: the latest likes, views and skips, and other feedback of a user, ordered by event time."""

from collections.abc import Iterable
from operator import attrgetter
from typing import Any, Final, TypeVar

import msgspec

from recomind.model.ids import VideoId
from recomind.model.local_context import NO_LOCAL_CONTEXT

MAX_LIKES: Final = 48
"""How many likes are kept, the latest by event time. Those that are dropped become records, see `older_feedback`."""

MAX_REACTIONS: Final = 16
"""How many views and skips are kept, the latest by event time."""

MAX_FEEDBACK: Final = 8
"""How many actions of other types are kept, the latest by event time; dropped ones become records, too."""


class Like(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A like of a video at an event time (epoch seconds)."""

    video_id: VideoId
    timestamp: float
    """Of the latest of the user's likes of it."""
    first_at: float | None = None
    """Event time of the like that popularity counts, the first to arrive; None if it is the latest."""
    repeats: int = 0
    """How often the user has liked it again."""
    local: str = NO_LOCAL_CONTEXT
    """The local context of the like that popularity counts."""

    @property
    def counted_at(self) -> float:
        """Event time of the like that popularity counts, epoch seconds."""
        return self.timestamp if self.first_at is None else self.first_at


class Reaction(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A view or a skip of a video at an event time (epoch seconds)."""

    video_id: VideoId
    action_type: str
    timestamp: float
    watched: int | None = None
    """Duration group and bin of how long it lasted, see `watch_times.watch_key`; None where the action does not say."""


class Feedback(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An action of another type on a video at an event time (epoch seconds)."""

    video_id: VideoId
    code: int
    """Position of its type in `FEEDBACK_TYPES`."""
    timestamp: float


Entry = TypeVar("Entry", bound=Like | Reaction | Feedback)
"""An entry of one kind."""

timestamp_of = attrgetter("timestamp")


def again(earlier: Like, at: float) -> Like:
    """A like after the user has liked the same video once more."""
    latest, counted_at = max(earlier.timestamp, at), earlier.counted_at
    first_at = None if counted_at == latest else counted_at
    return Like(earlier.video_id, latest, first_at, earlier.repeats + 1, earlier.local)


def without(entries: Iterable[Entry], gone: Entry | None) -> tuple[Entry, ...]:
    """Entries without one of them."""
    return tuple([entry for entry in entries if entry is not gone])


def latest(entries: tuple[Entry, ...], new: Entry, size: int) -> tuple[Entry, ...]:
    """The `size` latest entries by event time; independent of the order of arrival."""
    if entries and entries[-1].timestamp >= new.timestamp:
        return tuple(sorted((*entries, new), key=sort_key)[-size:])
    return (*entries, new)[-size:]


def sort_key(entry: Like | Reaction | Feedback) -> tuple[Any, ...]:
    """Event time first; the other fields break ties, so that the order of arrival does not matter."""
    if isinstance(entry, Like):
        return entry.timestamp, entry.video_id
    return entry.timestamp, entry.video_id, entry.action_type if isinstance(entry, Reaction) else entry.code
