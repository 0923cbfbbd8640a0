"""State of a user: the latest likes, reactions and feedback, videos seen, counts, and which event ids were seen.

Likes and feedback that are no longer among the latest are records, see `older_feedback`.

Tag weights are not stored. They are derived from these actions and the current catalogue when a list is ranked: a
video whose tags arrive or change after the like counts with its current tags, and a replay needs no catalogue.
(`docs/decisions/0003-tag-weights-derived-at-ranking-time.md`)
"""

from struct import pack
from typing import Final

import msgspec

from recomind.model.applied_offsets import AppliedOffsets
from recomind.model.ids import VideoId
from recomind.model.local_context import NO_LOCAL_CONTEXT
from recomind.state.fingerprints import (
    InBlocks,
    contains,
    position,
    video_hash,
)
from recomind.state.older_records import without_outcomes
from recomind.state.profile_entries import (
    MAX_LIKES,
    Feedback,
    Like,
    Reaction,
    timestamp_of,
)

MAX_SEEN: Final = 384
"""With so many videos in `Profile.seen`, the oldest are sealed into a block (see `recomind.state.seen_blocks`)."""


class Profile(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """State of a user, some 4 KB when encoded where ids are short."""

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
    other_count: int = 0
    """Actions that count beside likes, views and skips: other feedback, undos, and likes that were undone."""
    feedback: tuple[Feedback, ...] = ()
    """Oldest first, one per video and type, at most `MAX_FEEDBACK`."""
    served_likes: bytes = b""
    """Fingerprints of those of `likes` that were outcomes of served lists, by arrival; see `served_lists`."""
    local: str = NO_LOCAL_CONTEXT
    """The local context of the latest action."""
    older: bytes = b""
    """Records of the likes and feedback that were dropped last, and of undos of dropped ones; see `older_feedback`."""
    older_blocks: int = 0
    """How many blocks hold the records before those in `older`."""

    @property
    def action_count(self) -> int:
        """How many actions count."""
        return self.like_count + self.view_count + self.skip_count + self.other_count

    @property
    def is_erased(self) -> bool:
        """Whether the user was erased and has done nothing since."""
        return self.erasure_offset >= 0 and not self.action_count


class ProfileLikes(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Partial view of an encoded `Profile`: the fields that ranking for other users needs."""

    applied_offsets: msgspec.Raw
    likes: tuple[Like, ...]


def counted(profile: Profile) -> Profile:
    """The profile without what was learned, and without the state of the join with served lists.

    It is what a replay of the log of actions alone makes of it.
    """
    older = without_outcomes(profile.older)
    joined = profile.list_ids or profile.lists_since or profile.served_likes or older != profile.older
    if not (profile.factors or joined):
        return profile
    return msgspec.structs.replace(profile, factors=b"", list_ids=(), lists_since=0.0, served_likes=b"", older=older)


def recent_positives(profile: Profile, n: int) -> list[VideoId]:
    """The latest `n` distinct videos that the user liked or viewed, latest first."""
    views = [reaction for reaction in profile.reactions[::-1] if reaction.action_type == "view"]
    if not views:
        return [like.video_id for like in profile.likes[: -n - 1 : -1]]
    entries: list[Like | Reaction] = [*profile.likes[: -n - 1 : -1], *views[:n]]
    entries.sort(key=timestamp_of, reverse=True)  # stable: at equal times likes stay before views, in their order
    return list(dict.fromkeys([entry.video_id for entry in entries]))[:n]


def has_seen(profile: Profile, video_id: str) -> bool:
    """Whether `profile.seen` holds a video: for all videos acted on, the profile must be complete (`seen_blocks`)."""
    return contains(profile.seen, video_hash(video_id))


def without_video(profile: Profile, video_id: str) -> Profile:
    """The profile as if the user had not seen the video: the input of training on a like that followed a view."""
    if not has_seen(profile, video_id):
        return profile
    seen = without_fingerprint(profile.seen, video_hash(video_id))
    return msgspec.structs.replace(
        profile,
        seen=seen,
        reactions=tuple([reaction for reaction in profile.reactions if reaction.video_id != video_id]),
    )


def remembers(profile: Profile, fingerprint: int, in_blocks: InBlocks) -> bool:
    """Whether a fingerprint is among those of what was dropped, of likes that were undone, and of rejections.

    There are none until there are more likes than `likes` can hold, and before the first action of another type.
    """
    if len(profile.likes) < MAX_LIKES and not profile.other_count:
        return False
    return contains(profile.seen, fingerprint) or (profile.seen_blocks > 0 and in_blocks(fingerprint))


def without_fingerprint(seen: bytes, fingerprint: int) -> bytes:
    """Fingerprints without all that are equal to one."""
    packed = pack("<I", fingerprint)
    while (at := position(seen, packed)) >= 0:
        seen = seen[:at] + seen[at + len(packed) :]
    return seen
