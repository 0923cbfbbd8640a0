"""The fold of a user's actions and control records into their profile, and the signals that follow from each."""

from collections.abc import Callable, Sequence
from struct import pack
from typing import Any, cast

import msgspec

from recomind.model.action_types import FEEDBACK_CODES, REJECTIONS, UNDOABLE, UNDONE_BY
from recomind.model.applied_offsets import advance, is_new
from recomind.model.events import Action, EraseUser
from recomind.model.ids import Offset, VideoId
from recomind.model.local_context import NO_LOCAL_CONTEXT, local_context
from recomind.model.signals import (
    HISTORY_LENGTH,
    NOT_JOINED,
    UNDONE,
    ErasureSignal,
    Signal,
    SourceOffset,
    UndoSignal,
    derive,
)
from recomind.state import event_ids
from recomind.state.fingerprints import (
    InBlocks,
    contains,
    no_blocks,
    rejection_hash,
    undone_hash,
    video_hash,
)
from recomind.state.older_feedback import InOlder, drop, find_dropped, has_rejection, is_older, not_in_older
from recomind.state.older_records import type_code, with_undone
from recomind.state.profile import MAX_SEEN, Profile, has_seen, recent_positives, remembers, without_fingerprint
from recomind.state.profile_entries import (
    MAX_FEEDBACK,
    MAX_LIKES,
    MAX_REACTIONS,
    Entry,
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
    in_older: InOlder = not_in_older,
) -> tuple[Profile, Sequence[Signal | ErasureSignal]]:
    """Fold an action or a control record.

    Args:
        profile: the profile before the event.
        source_offset: of the record.
        log_offset: of the record in the log of the user's partition; ignored if not above `profile.erasure_offset`.
        event: the content of the record.
        in_blocks: for users with blocks of seen videos.
        in_older: for users with blocks of older feedback.

    Returns:
        The profile after the event, and signals for video partitions.
    """
    if log_offset <= profile.erasure_offset:
        return profile, ()
    if isinstance(event, Action):
        return (fold if event.merged is None else _fold_merged)(profile, source_offset, event, in_blocks, in_older)
    after = erase(profile, source_offset, log_offset)
    return after, () if event.keeps_counts else (ErasureSignal(event.user_id, after.applied_offsets, log_offset),)


def fold(
    profile: Profile,
    source_offset: SourceOffset,
    action: Action,
    in_blocks: InBlocks = no_blocks,
    in_older: InOlder = not_in_older,
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
        return _undo(profile, source_offset, action, in_blocks, in_older)
    video_id, is_like, was_seen = action.video_id, action.action_type == "like", has_seen(profile, action.video_id)
    earlier, is_served = _earlier_entry(profile, action, was_seen), False
    if earlier is None and action.action_type in UNDOABLE:
        earlier, is_served = find_dropped(profile, video_id, action.action_type, in_blocks, in_older)
    was_undone = is_like and earlier is None and remembers(profile, undone_hash(video_hash(video_id)), in_blocks)
    is_repeat = earlier is not None
    if isinstance(earlier, Reaction):
        is_repeat = earlier.action_type == action.action_type
    history = _history(profile, video_id) if is_like and not is_repeat and not was_undone else ()
    after = _with_action(profile, source_offset, action, was_seen, earlier, is_served)
    return after, derive(history, is_repeat, action, source_offset, was_undone)


def _fold_merged(
    profile: Profile, source_offset: SourceOffset, action: Action, in_blocks: InBlocks, in_older: InOlder
) -> tuple[Profile, list[Signal]]:
    """As `fold`, of an action by a session that was merged: it may stand in the log more than once, and counts once."""
    source, offset = action.merged or (-1, -1)
    if not is_new(profile.applied_offsets, source, offset):
        return msgspec.structs.replace(profile, applied_offsets=advance(profile.applied_offsets, source_offset)), []
    after, signals = fold(profile, source_offset, action, in_blocks, in_older)
    return msgspec.structs.replace(after, applied_offsets={**after.applied_offsets, source: Offset(offset)}), signals


def _with_action(
    profile: Profile, source_offset: SourceOffset, action: Action, was_seen: bool, earlier: Any, is_served: bool
) -> Profile:
    """The profile after an action.

    Args:
        profile: the profile before it.
        source_offset: of the action.
        action: the action.
        was_seen: whether `profile.seen` holds the video.
        earlier: the like, reaction or feedback of the same video that it repeats or replaces, or None.
        is_served: whether that is a like which the profile had dropped, and which was an outcome of a served list.
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
    dropped: Like | Feedback | None = None
    if action_type == "like":
        like = again(earlier, at) if earlier is not None else Like(video_id, at, local=local)
        likes, dropped = _latest_and_dropped(without(likes, earlier), like, MAX_LIKES)
    elif code is None:
        watched = None if action.watched_ms is None else watch_key(action.watched_ms, action.duration_ms)
        reaction = Reaction(video_id, action_type, at, watched)
        reaction = reaction if earlier is None else max(earlier, reaction, key=sort_key)
        reactions = latest(without(reactions, earlier), reaction, MAX_REACTIONS)
    else:
        entry = Feedback(video_id, code, at)
        entry = entry if earlier is None else max(earlier, entry, key=sort_key)
        feedback, dropped = _latest_and_dropped(without(feedback, earlier), entry, MAX_FEEDBACK)
        seen = _with(seen, rejection_hash, video_id) if action_type in REJECTIONS else seen
    served_likes = profile.served_likes + pack("<I", video_hash(video_id)) if is_served else profile.served_likes
    older = profile.older
    if dropped is not None:
        seen, older, served_likes = drop(seen, older, served_likes, dropped)
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
        served_likes,
        _latest_local(profile, at, local),
        older,
        profile.older_blocks,
    )


def _latest_local(profile: Profile, at: float, local: str) -> str:
    """The local context of the latest action, independent of the order of arrival."""
    return max((profile.last_at, profile.local), (at, local))[1]


def _undo(
    profile: Profile, source_offset: SourceOffset, action: Action, in_blocks: InBlocks, in_older: InOlder
) -> tuple[Profile, list[Signal]]:
    """Undo a like, or other feedback; what is not there to be undone changes nothing but counts.

    A like is remembered as undone, so that liking the video again makes no pairs again.
    """
    undone, video_id, seen, older = UNDONE_BY[action.action_type], action.video_id, profile.seen, profile.older
    found, is_served = _entry_of(profile, undone, video_id), False
    if found is None:
        found, is_served = find_dropped(profile, video_id, undone, in_blocks, in_older)
    likes, feedback, likes_gone, signals = profile.likes, profile.feedback, 0, list[Signal]()
    position = video_id, source_offset.source, source_offset.offset, action.timestamp, action.user_id, undone
    if isinstance(found, Like):
        likes, likes_gone = without(likes, found), 1 + found.repeats
        seen = _with(seen, undone_hash, video_id)
        outcome = UNDONE if is_served else NOT_JOINED
        signals.append(UndoSignal(*position, found.counted_at, found.repeats, outcome=outcome, local=found.local))
    elif found is not None:
        feedback = without(feedback, found)
        signals.append(UndoSignal(*position, found.timestamp))
    if found is not None and is_older(profile, video_id, undone, in_blocks):
        older = with_undone(older, video_id, type_code(undone))
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
        older=older,
    )
    if undone in REJECTIONS and found is not None and not has_rejection(after, video_id, in_blocks, in_older):
        after = msgspec.structs.replace(after, seen=without_fingerprint(seen, rejection_hash(video_hash(video_id))))
    return after, signals


def _history(profile: Profile, video_id: str) -> tuple[VideoId, ...]:
    """The latest positives except this video, latest first, at most `HISTORY_LENGTH`."""
    latest = recent_positives(profile, HISTORY_LENGTH + 1)
    return tuple([one for one in latest if one != video_id][:HISTORY_LENGTH])


def _latest_and_dropped(entries: tuple[Entry, ...], new: Entry, size: int) -> tuple[tuple[Entry, ...], Entry | None]:
    """The `size` latest entries, and the one that is not among them; None if all are."""
    after = latest(entries, new, size)
    if len(after) > len(entries):
        return after, None
    return after, new if after[0] is entries[0] else entries[0]


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
