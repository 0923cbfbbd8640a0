"""State of a user: the latest likes and reactions, the videos seen, counts, and which event ids were seen.

Tag weights are not stored. They are derived from these actions and the current catalogue when a list is ranked: a
video whose tags arrive or change after the like counts with its current tags, and a replay needs no catalogue.
(`docs/decisions/0003-tag-weights-derived-at-ranking-time.md`)
"""

from collections.abc import Sequence
from operator import attrgetter
from struct import pack
from typing import Any, Final, TypeVar

import msgspec
from msgspec.structs import astuple

from recomind.model.applied_offsets import AppliedOffsets, advance, is_new
from recomind.model.events import Action, EraseUser
from recomind.model.ids import Offset, VideoId
from recomind.model.signals import HISTORY_LENGTH, ErasureSignal, Signal, SourceOffset, derive
from recomind.state import event_ids
from recomind.state.fingerprints import InBlocks, contains, like_hash, no_blocks, position, video_hash

MAX_LIKES: Final = 48
"""How many likes are kept, the latest by event time. Of those that are dropped, a fingerprint is kept for ever."""

MAX_REACTIONS: Final = 16
"""How many views and skips are kept, the latest by event time."""

MAX_SEEN: Final = 384
"""With so many videos in `Profile.seen`, the oldest are sealed into a block (see `recomind.state.seen_blocks`)."""


class Like(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A like of a video at an event time (epoch seconds)."""

    video_id: VideoId
    timestamp: float


class Reaction(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A view or a skip of a video at an event time (epoch seconds)."""

    video_id: VideoId
    action_type: str
    timestamp: float


_Entry = TypeVar("_Entry", bound=Like | Reaction)


class Profile(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """State of a user, at most 4 KB when encoded."""

    applied_offsets: AppliedOffsets = {}
    likes: tuple[Like, ...] = ()
    """Oldest first, one per video, at most `MAX_LIKES`."""
    reactions: tuple[Reaction, ...] = ()
    """Oldest first, one per video, at most `MAX_REACTIONS`."""
    seen: bytes = b""
    """Fingerprints of the videos acted on last, and of likes dropped from `likes`, by arrival; below `MAX_SEEN`."""
    event_ids: bytes = b""
    """Hashes of the latest event ids, 8 bytes each; see `recomind.state.event_ids`."""
    like_count: int = 0
    view_count: int = 0
    skip_count: int = 0
    last_at: float = 0.0
    """Event time of the latest action, epoch seconds."""
    erasure_offset: int = -1
    """Offset of the latest control record that erased the user, in the log of the user's partition; -1 if none."""
    seen_blocks: int = 0
    """How many blocks hold the videos acted on before those in `seen`."""

    factors: bytes = b""
    """Factors of the user in the factor model, see `recommender.factors.users`; empty before the first outcome."""
    list_ids: tuple[str, ...] = ()
    """The served list that was the user's latest at the last action (empty: none), then those of which places were
    passed over, the latest first; see `served_lists`."""
    lists_since: float = 0.0
    """Lists that were logged until then, in epoch seconds, are void: the user has been erased since."""

    @property
    def action_count(self) -> int:
        """How many actions count."""
        return self.like_count + self.view_count + self.skip_count

    @property
    def is_erased(self) -> bool:
        """Whether the user was erased and has done nothing since."""
        return self.erasure_offset >= 0 and not self.action_count


class ProfileLikes(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Partial view of an encoded `Profile`: the fields that ranking for other users needs."""

    applied_offsets: msgspec.Raw
    likes: tuple[Like, ...]


def erase(profile: Profile, source_offset: SourceOffset, log_offset: Offset) -> Profile:
    """An empty profile that keeps the applied offsets, so that redelivered old actions change nothing.

    Args:
        profile: the profile to erase.
        source_offset: of the control record.
        log_offset: of the control record in the log of the user's partition. Actions at or before it are ignored from
            now on. The applied offsets alone do not ensure that for events that were skipped by their event id.
    """
    if log_offset <= profile.erasure_offset:
        return profile
    return Profile(advance(profile.applied_offsets, source_offset), erasure_offset=log_offset)


def apply_event(
    profile: Profile,
    source_offset: SourceOffset,
    log_offset: Offset,
    event: Action | EraseUser,
    in_blocks: InBlocks = no_blocks,
) -> tuple[Profile, Sequence[Signal | ErasureSignal]]:
    """Fold an action or a control record.

    Args:
        profile: the profile before the event.
        source_offset: of the record.
        log_offset: of the record in the log of the user's partition; ignored if not above `profile.erasure_offset`.
        event: the content of the record.
        in_blocks: for users with blocks.

    Returns:
        The profile after the event, and signals for video partitions.
    """
    if log_offset <= profile.erasure_offset:
        return profile, ()
    if isinstance(event, Action):
        return (fold if event.merged is None else _fold_merged)(profile, source_offset, event, in_blocks)
    after = erase(profile, source_offset, log_offset)
    return after, () if event.keeps_counts else (ErasureSignal(event.user_id, after.applied_offsets, log_offset),)


def fold(
    profile: Profile, source_offset: SourceOffset, action: Action, in_blocks: InBlocks = no_blocks
) -> tuple[Profile, list[Signal]]:
    """Fold an action.

    Returns:
        The profile after the action, and signals for the videos concerned. If the offset has been applied before: the
        same profile and no signals. If the event id is known: no signals, and a profile that has applied the offset
        too, since event ids are kept for a shorter time than offsets and the record may be redelivered.
    """
    if not is_new(profile.applied_offsets, source_offset.source, source_offset.offset):
        return profile, []
    if event_ids.contains_id(profile.event_ids, action.event_id):
        applied = advance(profile.applied_offsets, source_offset)
        return msgspec.structs.replace(profile, applied_offsets=applied), []
    is_like, was_seen = action.action_type == "like", has_seen(profile, action.video_id)
    earlier = _earlier_entry(profile, action, was_seen)
    if is_like:
        is_repeat = earlier is not None or _was_dropped(profile, action.video_id, in_blocks)
    else:
        is_repeat = isinstance(earlier, Reaction) and earlier.action_type == action.action_type
    history = _history(profile, action.video_id) if is_like and not is_repeat else ()
    after = _with_action(profile, source_offset, action, was_seen, earlier)
    return after, derive(history, is_repeat, action, source_offset)


def _fold_merged(
    profile: Profile, source_offset: SourceOffset, action: Action, in_blocks: InBlocks
) -> tuple[Profile, list[Signal]]:
    """As `fold`, of an action by a session that was merged: it may stand in the log more than once, and counts once."""
    source, offset = action.merged or (-1, -1)
    if not is_new(profile.applied_offsets, source, offset):
        return msgspec.structs.replace(profile, applied_offsets=advance(profile.applied_offsets, source_offset)), []
    after, signals = fold(profile, source_offset, action, in_blocks)
    return msgspec.structs.replace(after, applied_offsets={**after.applied_offsets, source: Offset(offset)}), signals


def counted(profile: Profile) -> Profile:
    """The profile without what was learned, and without the state of the join with served lists.

    It is what a replay of the log of actions alone makes of it.
    """
    if not (profile.factors or profile.list_ids or profile.lists_since):
        return profile
    return msgspec.structs.replace(profile, factors=b"", list_ids=(), lists_since=0.0)


def recent_positives(profile: Profile, n: int) -> list[VideoId]:
    """The latest `n` distinct videos that the user liked or viewed, latest first."""
    views = [reaction for reaction in profile.reactions[::-1] if reaction.action_type == "view"]
    if not views:
        return [like.video_id for like in profile.likes[: -n - 1 : -1]]
    entries: list[Like | Reaction] = [*profile.likes[: -n - 1 : -1], *views[:n]]
    entries.sort(key=_timestamp_of, reverse=True)  # stable: at equal times likes stay before views, in their order
    return list(dict.fromkeys([entry.video_id for entry in entries]))[:n]


def has_seen(profile: Profile, video_id: str) -> bool:
    """Whether `profile.seen` holds a video: for all videos acted on, the profile must be complete (`seen_blocks`)."""
    return contains(profile.seen, video_hash(video_id))


def without_video(profile: Profile, video_id: str) -> Profile:
    """The profile as if the user had not seen the video: the input of training on a like that followed a view."""
    if not has_seen(profile, video_id):
        return profile
    seen, removed = profile.seen, pack("<I", video_hash(video_id))
    while (at := position(seen, removed)) >= 0:
        seen = seen[:at] + seen[at + len(removed) :]
    return msgspec.structs.replace(
        profile,
        seen=seen,
        reactions=tuple([reaction for reaction in profile.reactions if reaction.video_id != video_id]),
    )


def _with_action(
    profile: Profile, source_offset: SourceOffset, action: Action, was_seen: bool, earlier: Any
) -> Profile:
    """The profile after an action.

    Args:
        profile: the profile before it.
        source_offset: of the action.
        action: the action.
        was_seen: whether `profile.seen` holds the video.
        earlier: the like or reaction of the same video that it replaces, or None.
    """
    video_id, action_type, at = action.video_id, action.action_type, action.timestamp
    likes, reactions, is_like = profile.likes, profile.reactions, action_type == "like"
    seen = profile.seen if was_seen else profile.seen + pack("<I", video_hash(video_id))
    if is_like:
        likes = _latest(likes, Like(video_id, at), earlier, MAX_LIKES)
        if earlier is None and len(profile.likes) == MAX_LIKES:
            seen = _with_dropped(seen, video_id if likes[0] is profile.likes[0] else profile.likes[0].video_id)
    else:
        reactions = _latest(reactions, Reaction(video_id, action_type, at), earlier, MAX_REACTIONS)
    return Profile(
        advance(profile.applied_offsets, source_offset),
        likes,
        reactions,
        seen,
        event_ids.with_id(profile.event_ids, action.event_id),
        profile.like_count + is_like,
        profile.view_count + (action_type == "view"),
        profile.skip_count + (action_type == "skip"),
        max(profile.last_at, at),
        profile.erasure_offset,
        profile.seen_blocks,
        profile.factors,
        profile.list_ids,
        profile.lists_since,
    )


def _history(profile: Profile, video_id: str) -> tuple[VideoId, ...]:
    """The latest positives except this video, latest first, at most `HISTORY_LENGTH`."""
    latest = recent_positives(profile, HISTORY_LENGTH + 1)
    return tuple([one for one in latest if one != video_id][:HISTORY_LENGTH])


def _was_dropped(profile: Profile, video_id: str, in_blocks: InBlocks) -> bool:
    """Whether a video that is not among `likes` was liked before: then there are more likes than `likes` can hold."""
    if len(profile.likes) < MAX_LIKES:
        return False
    fingerprint = like_hash(video_hash(video_id))
    return contains(profile.seen, fingerprint) or (profile.seen_blocks > 0 and in_blocks(fingerprint))


def _with_dropped(seen: bytes, video_id: str) -> bytes:
    """Fingerprints with that of a like which is dropped; one that is in a block may be added once more."""
    fingerprint = like_hash(video_hash(video_id))
    return seen if contains(seen, fingerprint) else seen + pack("<I", fingerprint)


def _earlier_entry(profile: Profile, action: Action, was_seen: bool) -> Like | Reaction | None:
    """The entry of the same video: among likes for a like, else among reactions."""
    if not (was_seen or profile.seen_blocks) and len(profile.seen) < 4 * MAX_SEEN:
        return None  # a shortcut, valid while `seen` is complete
    entries: tuple[Like | Reaction, ...] = profile.likes if action.action_type == "like" else profile.reactions
    found = [entry for entry in entries if entry.video_id == action.video_id]
    return found[0] if found else None


def _latest(entries: tuple[_Entry, ...], new: _Entry, earlier: _Entry | None, size: int) -> tuple[_Entry, ...]:
    """The `size` latest entries by event time, one per video; independent of the order of arrival."""
    if earlier is not None:
        entries = tuple([entry for entry in entries if entry is not earlier])
        new = max(earlier, new, key=_sort_key)
    if entries and entries[-1].timestamp >= new.timestamp:
        return tuple(sorted((*entries, new), key=_sort_key)[-size:])
    return (*entries, new)[-size:]


_timestamp_of = attrgetter("timestamp")


def _sort_key(entry: Like | Reaction) -> tuple[Any, ...]:
    """Event time first; the other fields break ties, so that the order of arrival does not matter."""
    *rest, at = astuple(entry)
    return at, *rest
