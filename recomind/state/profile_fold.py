"""The fold of a user's actions and control records into their profile, and the signals that follow from each."""

from collections.abc import Callable, Sequence
from struct import pack
from typing import Any, cast

import msgspec

from recomind.model.action_types import FEEDBACK_CODES, FEEDBACK_TYPES, REJECTIONS, UNDONE_BY
from recomind.model.applied_offsets import advance, is_new
from recomind.model.events import Action, EraseUser
from recomind.model.ids import Offset, VideoId
from recomind.model.local_context import NO_LOCAL_CONTEXT, local_context
from recomind.model.signals import HISTORY_LENGTH, ErasureSignal, Signal, SourceOffset, UndoSignal, derive
from recomind.state import event_ids
from recomind.state.fingerprints import (
    InBlocks,
    contains,
    like_hash,
    no_blocks,
    rejection_hash,
    undone_hash,
    video_hash,
)
from recomind.state.profile import MAX_SEEN, Profile, has_seen, recent_positives, remembers, without_fingerprint
from recomind.state.profile_entries import (
    MAX_FEEDBACK,
    MAX_LIKES,
    MAX_REACTIONS,
    Feedback,
    Like,
    Reaction,
    again,
    latest,
    sort_key,
    without,
)
from recomind.state.watch_times import watch_key


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
    if action.action_type in UNDONE_BY:
        return _undo(profile, source_offset, action)
    video_id, is_like, was_seen = action.video_id, action.action_type == "like", has_seen(profile, action.video_id)
    earlier = _earlier_entry(profile, action, was_seen)
    was_undone = is_like and earlier is None and remembers(profile, undone_hash(video_hash(video_id)), in_blocks)
    if is_like:
        is_repeat = earlier is not None or remembers(profile, like_hash(video_hash(video_id)), in_blocks)
    else:
        is_repeat = isinstance(earlier, Feedback) or (
            isinstance(earlier, Reaction) and earlier.action_type == action.action_type
        )
    history = _history(profile, video_id) if is_like and not is_repeat and not was_undone else ()
    after = _with_action(profile, source_offset, action, was_seen, earlier)
    return after, derive(history, is_repeat, action, source_offset, was_undone and not is_repeat)


def _fold_merged(
    profile: Profile, source_offset: SourceOffset, action: Action, in_blocks: InBlocks
) -> tuple[Profile, list[Signal]]:
    """As `fold`, of an action by a session that was merged: it may stand in the log more than once, and counts once."""
    source, offset = action.merged or (-1, -1)
    if not is_new(profile.applied_offsets, source, offset):
        return msgspec.structs.replace(profile, applied_offsets=advance(profile.applied_offsets, source_offset)), []
    after, signals = fold(profile, source_offset, action, in_blocks)
    return msgspec.structs.replace(after, applied_offsets={**after.applied_offsets, source: Offset(offset)}), signals


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
    likes, reactions, feedback, code = (
        profile.likes,
        profile.reactions,
        profile.feedback,
        FEEDBACK_CODES.get(action_type),
    )
    local = NO_LOCAL_CONTEXT if action.context is None else local_context(action.context, at)
    seen = profile.seen if was_seen else profile.seen + pack("<I", video_hash(video_id))
    if action_type == "like":
        like = again(earlier, at) if earlier is not None else Like(video_id, at, local=local)
        likes = latest(without(likes, earlier), like, MAX_LIKES)
        if earlier is None and len(profile.likes) == MAX_LIKES:
            seen = _with(seen, like_hash, video_id if likes[0] is profile.likes[0] else profile.likes[0].video_id)
    elif code is None:
        watched = None if action.watched_ms is None else watch_key(action.watched_ms, action.duration_ms)
        reaction = Reaction(video_id, action_type, at, watched)
        reaction = reaction if earlier is None else max(earlier, reaction, key=sort_key)
        reactions = latest(without(reactions, earlier), reaction, MAX_REACTIONS)
    else:
        entry = Feedback(video_id, code, at)
        entry = entry if earlier is None else max(earlier, entry, key=sort_key)
        feedback = latest(without(feedback, earlier), entry, MAX_FEEDBACK)
        seen = _with(seen, rejection_hash, video_id) if action_type in REJECTIONS else seen
    return Profile(
        advance(profile.applied_offsets, source_offset),
        likes,
        reactions,
        seen,
        event_ids.with_id(profile.event_ids, action.event_id),
        profile.like_count + (action_type == "like"),
        profile.view_count + (action_type == "view"),
        profile.skip_count + (action_type == "skip"),
        max(profile.last_at, at),
        profile.erasure_offset,
        profile.seen_blocks,
        profile.factors,
        profile.list_ids,
        profile.lists_since,
        profile.other_count + (code is not None),
        feedback,
        profile.served_likes,
        _latest_local(profile, at, local),
    )


def _latest_local(profile: Profile, at: float, local: str) -> str:
    """The local context of the latest action, independent of the order of arrival."""
    return max((profile.last_at, profile.local), (at, local))[1]


def _undo(profile: Profile, source_offset: SourceOffset, action: Action) -> tuple[Profile, list[Signal]]:
    """Undo a like, or other feedback, that the profile holds; what it does not hold changes nothing but counts.

    A like is remembered as undone, so that liking the video again makes no pairs again.
    """
    undone, seen, likes, feedback = UNDONE_BY[action.action_type], profile.seen, profile.likes, profile.feedback
    likes_gone, signals = 0, list[Signal]()
    found: Any = _entry_of(profile, undone, action.video_id)
    position = action.video_id, source_offset.source, source_offset.offset, action.timestamp, action.user_id, undone
    if isinstance(found, Like):
        likes, likes_gone = without(likes, found), 1 + found.repeats
        seen = _with(seen, undone_hash, action.video_id)
        signals.append(UndoSignal(*position, found.counted_at, found.repeats, local=found.local))
    elif found is not None:
        feedback = without(feedback, found)
        signals.append(UndoSignal(*position, found.timestamp))
        if not any(one.video_id == action.video_id and FEEDBACK_TYPES[one.code] in REJECTIONS for one in feedback):
            seen = without_fingerprint(seen, rejection_hash(video_hash(action.video_id)))
    after = msgspec.structs.replace(
        profile,
        applied_offsets=advance(profile.applied_offsets, source_offset),
        likes=likes,
        seen=seen,
        event_ids=event_ids.with_id(profile.event_ids, action.event_id),
        like_count=max(0, profile.like_count - likes_gone),
        last_at=max(profile.last_at, action.timestamp),
        local=_latest_local(profile, action.timestamp, local_context(action.context, action.timestamp)),
        other_count=profile.other_count + min(likes_gone, profile.like_count) + 1,
        feedback=feedback,
    )
    return after, signals


def _history(profile: Profile, video_id: str) -> tuple[VideoId, ...]:
    """The latest positives except this video, latest first, at most `HISTORY_LENGTH`."""
    latest = recent_positives(profile, HISTORY_LENGTH + 1)
    return tuple([one for one in latest if one != video_id][:HISTORY_LENGTH])


def _with(seen: bytes, hash_of: Callable[[int], int], video_id: str) -> bytes:
    """Fingerprints with one more of a video; one that is in a block may be added once more."""
    fingerprint = hash_of(video_hash(video_id))
    return seen if contains(seen, fingerprint) else seen + pack("<I", fingerprint)


def _earlier_entry(profile: Profile, action: Action, was_seen: bool) -> Any:
    """The like, reaction or feedback that an action repeats or replaces, or None."""
    if not (was_seen or profile.seen_blocks) and len(profile.seen) < 4 * MAX_SEEN:
        return None  # a shortcut, valid while `seen` is complete
    return _entry_of(profile, action.action_type, action.video_id)


def _entry_of(profile: Profile, action_type: str, video_id: str) -> Any:
    """A user's like of a video, their reaction to it, or their feedback of this type on it; None if there is none."""
    code, entries = FEEDBACK_CODES.get(action_type), cast("tuple[Any, ...]", profile.reactions)
    if action_type == "like":
        entries = profile.likes
    elif code is not None:
        entries = tuple([one for one in profile.feedback if one.code == code])
    found = [entry for entry in entries if entry.video_id == video_id]
    return found[0] if found else None
