"""Signals: what one action means for each video it concerns, sent from user partitions to video partitions.

A user's action on a video `v` becomes one `ActionSignal` for `v`. A first like also becomes one `TransitionSignal` for
each video that the user liked or watched shortly before. A video gets at most one signal per action, so (video,
source offset) identifies a signal, and the video's state knows which signals it has applied.
"""

from typing import Annotated, Final, final

import msgspec

from recomind.model.action_types import ACTION_TYPES, UNDOABLE
from recomind.model.events import MAX_TIMESTAMP, MAX_WATCHED_MS, Action
from recomind.model.ids import Offset, UserId, VideoId
from recomind.model.local_context import NO_LOCAL_CONTEXT, local_context

HISTORY_LENGTH: Final = 5
"""How many of the videos liked or watched before it a new like is paired with."""


FACTOR_WIDTH: Final = 13
"""Parameters of an item in the factor model: 12 factors and a bias."""

MAX_STORED_INTEGER: Final = 2**63 - 1

# Signals are checked as they are read: the topic may hold records that RecoMind has not written.
_Source = Annotated[int, msgspec.Meta(ge=0, le=MAX_STORED_INTEGER)]
_Offset = Annotated[Offset, msgspec.Meta(ge=0, le=MAX_STORED_INTEGER)]
_EventTime = Annotated[float, msgspec.Meta(ge=0.0, lt=MAX_TIMESTAMP)]
_History = Annotated[tuple[VideoId, ...], msgspec.Meta(max_length=HISTORY_LENGTH)]
_Distance = Annotated[int, msgspec.Meta(ge=1, le=HISTORY_LENGTH)]
_ActionType = Annotated[str, msgspec.Meta(pattern=f"^({'|'.join(ACTION_TYPES)})$")]
_UndoableType = Annotated[str, msgspec.Meta(pattern=f"^({'|'.join(sorted(UNDOABLE))})$")]
_Outcome = Annotated[int, msgspec.Meta(ge=0, le=4)]
_Local = Annotated[str, msgspec.Meta(pattern="^([A-Z]{2})?[0-3]?$")]
_Chance = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_STORED_INTEGER)]

NOT_JOINED: Final = 0
"""`ActionSignal.outcome` of a worker that did not look for served lists: of an earlier version."""

NOT_SERVED: Final = 1
"""The action is no outcome of a served list."""

OUTCOME: Final = 2
"""The action is the first outcome of a place of a served list."""

CORRECTION: Final = 3
"""The action is a like of a place that had another outcome before: a view, a skip, or it was passed over."""


UNDONE: Final = 4
"""The action undoes a like that was an outcome or a correction."""


class SourceOffset(msgspec.Struct, frozen=True, gc=False):
    """Position of an action in a sequence whose offsets only grow.

    The source is the partition of the record. A record that was rerouted from a wrong partition has a virtual source
    that stands for the pair of partitions, see `rerouted_source`.
    """

    source: int
    offset: Offset


def rerouted_source(from_partition: int, to_partition: int) -> int:
    """The virtual source of records rerouted from one partition to another.

    They cannot share the source of the target partition: records produced there directly may overtake them.
    """
    return (from_partition + 1) << 16 | to_partition


def merge_source(from_partition: int) -> int:
    """The virtual source of actions of sessions in a partition that are merged into users.

    >>> merge_source(3) == rerouted_source(3, 0)
    False
    """
    return 1 << 40 | from_partition


def log_position(source_offset: SourceOffset) -> tuple[int, Offset]:
    """Partition and offset at which the producer wrote the action.

    >>> log_position(SourceOffset(2, 7)), log_position(SourceOffset(rerouted_source(5, 2), 7))
    ((2, 7), (5, 7))
    """
    from_partition = (source_offset.source >> 16) - 1
    return (source_offset.source if from_partition < 0 else from_partition), source_offset.offset


@final
class ActionSignal(msgspec.Struct, frozen=True, array_like=True, tag="t", gc=False):
    """A user acted on this video."""

    video_id: VideoId
    source: _Source
    offset: _Offset
    timestamp: _EventTime
    """Event time, epoch seconds."""
    user_id: UserId
    action_type: _ActionType
    is_repeat: bool = False
    """Whether the user has done the same before: it adds to counts, but not to scores.

    Exact for likes; for views and skips, whether the profile holds an action of the same type on the video.
    """
    history: _History = ()
    """For a first like: the videos liked or watched before, latest first, at most `HISTORY_LENGTH`."""
    increments: bytes = b""
    """What the outcome adds to the factor model, see `recommender.factors.increments`; empty if it teaches nothing."""
    outcome: _Outcome = NOT_JOINED
    """Whether the action is the outcome of a served list: `NOT_SERVED`, `OUTCOME` or `CORRECTION`."""
    is_repeated_like: bool = False
    """Whether windows leave it out, as a repeated like. Those of version 0.2 or older count all, and have no mark."""
    was_undone: bool = False
    """Whether the user has liked the video before, and undone that: the like counts, but makes no pairs again."""
    watched_ms: Annotated[int, msgspec.Meta(ge=0, le=MAX_WATCHED_MS)] | None = None
    """How long a view or a skip lasted, if its action says so."""
    duration_ms: Annotated[int, msgspec.Meta(ge=1, le=MAX_WATCHED_MS)] | None = None
    """How long the video is, if its action says so, too."""
    local: _Local = NO_LOCAL_CONTEXT
    """The local context of the action."""
    expected: _Chance = 0.0
    """Of the outcome of a served place with a local context: the chance of a like, as expected without it."""


@final
class UndoSignal(msgspec.Struct, frozen=True, array_like=True, tag="u", gc=False):
    """A user has undone what they did with this video: it leaves counts, windows and scores."""

    video_id: VideoId
    source: _Source
    offset: _Offset
    timestamp: _EventTime
    """Event time of the undo, epoch seconds."""
    user_id: UserId
    action_type: _UndoableType
    """Of what is undone."""
    acted_at: _EventTime
    """Event time of what is undone, as it was counted, epoch seconds."""
    repeats: _Count = 0
    """How often the user has done the same again: these leave the counts, too."""
    increments: bytes = b""
    """As in `ActionSignal`."""
    outcome: _Outcome = NOT_JOINED
    """`UNDONE`, or `NOT_SERVED` where a like was no outcome of a served list."""
    local: _Local = NO_LOCAL_CONTEXT
    """The local context of what is undone."""


@final
class PassedOverSignal(msgspec.Struct, frozen=True, array_like=True, tag="p", gc=False):
    """A served list with this video was closed, and the user acted on a later place of it but never on this video."""

    video_id: VideoId
    source: _Source
    offset: _Offset
    """Of the action that closed the list."""
    timestamp: _EventTime
    """Event time of that action, epoch seconds."""
    user_id: UserId
    increments: bytes = b""
    """As in `ActionSignal`."""
    local: _Local = NO_LOCAL_CONTEXT
    """The local context of that action."""
    expected: _Chance = 0.0
    """As in `ActionSignal`."""


@final
class TransitionSignal(msgspec.Struct, frozen=True, array_like=True, tag="f", gc=False):
    """A user who liked or watched this video liked `next_video_id` afterwards."""

    video_id: VideoId
    source: _Source
    offset: _Offset
    timestamp: _EventTime
    """Event time of the later like, epoch seconds."""
    next_video_id: VideoId
    distance: _Distance
    """How many positives (likes and views) of the user later, from 1 to `HISTORY_LENGTH`."""
    user_id: UserId = UserId("")
    """The user, needed only for erasure."""


Signal = ActionSignal | TransitionSignal | PassedOverSignal | UndoSignal


def is_first_like(signal: Signal) -> bool:
    """Whether a signal says that a user likes its video for the first time, and never before an undo either."""
    if not isinstance(signal, ActionSignal) or signal.action_type != "like":
        return False
    return not (signal.is_repeat or signal.was_undone)


class ErasureSignal(msgspec.Struct, frozen=True, array_like=True, tag="x", gc=False):
    """Erase a user: sent to every video partition, after the signals that it makes void."""

    user_id: UserId
    applied_offsets: dict[_Source, _Offset]
    """Source to the last offset whose signals are void: what the user's profile had applied."""
    at: _Offset
    """Offset of the control record in the log of the user's partition; of two erasures the later one counts."""


def derive(
    history: tuple[VideoId, ...],
    is_repeat: bool,
    action: Action,
    source_offset: SourceOffset,
    was_undone: bool = False,
) -> list[Signal]:
    """The signals of an action.

    Args:
        history: the videos that the user liked or watched before, latest first, without `action.video_id`.
        is_repeat: whether the user has done the same before, see `ActionSignal`.
        action: the action.
        source_offset: its position in the log.
        was_undone: whether the user has liked the video before, and undone that.
    """
    video_id, action_type, at = action.video_id, action.action_type, action.timestamp
    source, offset = source_offset.source, source_offset.offset
    if action_type != "like" or is_repeat:
        history = ()
    watched_ms = action.watched_ms if action_type in {"view", "skip"} else None
    signals: list[Signal] = [
        ActionSignal(
            video_id,
            source,
            offset,
            at,
            action.user_id,
            action_type,
            is_repeat,
            history,
            is_repeated_like=is_repeat and action_type == "like",
            was_undone=was_undone,
            watched_ms=watched_ms,
            duration_ms=None if watched_ms is None else action.duration_ms,
            local=NO_LOCAL_CONTEXT if action.context is None else local_context(action.context, at),
        )
    ]
    for distance, earlier in enumerate(history, 1):
        signals.append(TransitionSignal(earlier, source, offset, at, video_id, distance, action.user_id))
    return signals
