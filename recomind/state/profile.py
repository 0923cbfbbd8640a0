"""What is remembered of a person: the latest likes and reactions, what was seen, and how much.

Tag weights are not kept here: they follow from these actions and the catalogue as it stands when one ranks, so a
video whose tags arrive or change after the like counts with its right tags, and a replay needs no catalogue.
(`docs/decisions/0003-derived-tags.md`)
"""

from collections.abc import Sequence
from operator import attrgetter
from struct import pack
from typing import Any, Final, TypeVar
from uuid import UUID
from zlib import crc32

import msgspec
from msgspec.structs import astuple

from recomind.model.applied_offsets import Origins, advance, is_news
from recomind.model.events import Action, Forget
from recomind.model.signals import TRAIL, Forgotten, Origin, Signal, derive

LIKES: Final = 48
"""How many likes are kept, the latest by event time."""

REACTIONS: Final = 16
"""How many views and skips are kept, the latest by event time."""

SEEN: Final = 400
"""How many videos acted on are kept from being shown again, the latest by arrival; 4 bytes each."""

EVENT_IDS: Final = 128
"""How many of the latest event ids are recognised when they come again; 8 bytes each."""


class Liked(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A like: of which video, and when (epoch seconds)."""

    video_id: str
    timestamp: float


class Reaction(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A view or a skip: of which video, which of the two, and when (epoch seconds)."""

    video_id: str
    action_type: str
    timestamp: float


_Entry = TypeVar("_Entry", bound=Liked | Reaction)


class Profile(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A person, within 4 KB."""

    origins: Origins = {}
    likes: tuple[Liked, ...] = ()
    """Oldest first, a video once, at most `LIKES`."""
    reactions: tuple[Reaction, ...] = ()
    """Oldest first, a video once, at most `REACTIONS`."""
    seen: bytes = b""
    """`video_hash` of each video acted on, 4 bytes each, little-endian; at most `SEEN`."""
    event_ids: bytes = b""
    """The latest event ids, 8 bytes each; at most `EVENT_IDS`."""
    like_count: int = 0
    view_count: int = 0
    skip_count: int = 0
    last_at: float = 0.0
    """Event time of the latest action, epoch seconds."""
    forgotten_at: int = -1
    """Offset, in the log of the person's partition, of the record that asked to forget her; -1 for none."""

    @property
    def is_blank(self) -> bool:
        """Whether the person was forgotten and has done nothing since."""
        return self.forgotten_at >= 0 and not (self.like_count or self.view_count or self.skip_count)


def forget(profile: Profile, origin: Origin, at: int) -> Profile:
    """A new person under the same id. The origins stay, so that what comes again of what was forgotten changes nothing.

    Args:
        profile: the person.
        origin: of the record that asks for it.
        at: where it stands in the log of the person's partition: nothing at or before it may be taken in any more,
            which the origins alone do not say of an event that was known by its id.
    """
    if at <= profile.forgotten_at:
        return profile
    return Profile(advance(profile.origins, origin), forgotten_at=at)


class Likes(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A profile as far as others' lists read it."""

    origins: msgspec.Raw
    likes: tuple[Liked, ...]
    """As in `Profile`."""


def apply(
    profile: Profile, origin: Origin, offset: int, event: Action | Forget
) -> tuple[Profile, Sequence[Signal | Forgotten]]:
    """Take an action or a control record in.

    Args:
        profile: the person before it.
        origin: of the record.
        offset: of the record in the log of the person's partition; nothing at or before `forgotten_at` is taken in.
        event: what the record holds.

    Returns:
        The profile after it, and the signals to videos.
    """
    if offset <= profile.forgotten_at:
        return profile, ()
    if isinstance(event, Action):
        return fold(profile, origin, event)
    after = forget(profile, origin, offset)
    return after, (Forgotten(event.user_id, after.origins, offset),)


def fold(profile: Profile, origin: Origin, action: Action) -> tuple[Profile, list[Signal]]:
    """Take an action in.

    Returns:
        The profile after it and the signals to the videos touched. No signals, and the profile given, when the action
        has been applied before by origin. No signals, and a profile that has applied the origin, when it has by event
        id: the id is forgotten sooner than the origin, and the record may be delivered again after that.
    """
    if not is_news(profile.origins, origin.lane, origin.offset):
        return profile, []
    if _is_repeated(profile, action):
        return msgspec.structs.replace(profile, origins=advance(profile.origins, origin)), []
    liked, met = action.action_type == "like", has_seen(profile, action.video_id)
    earlier = _earlier(profile, action, met)
    again = earlier is not None and (isinstance(earlier, Liked) or earlier.action_type == action.action_type)
    trail = _trail(profile, action.video_id) if liked and not again else ()
    return _absorb(profile, origin, action, met, earlier), derive(trail, again, action, origin)


def enjoyed_lately(profile: Profile, n: int) -> list[str]:
    """The latest `n` videos that the person enjoyed, that is liked or watched, each once, latest first."""
    views = [reaction for reaction in profile.reactions[::-1] if reaction.action_type == "view"]
    if not views:
        return [liked.video_id for liked in profile.likes[: -n - 1 : -1]]
    entries: list[Liked | Reaction] = [*profile.likes[: -n - 1 : -1], *views[:n]]
    entries.sort(key=_when, reverse=True)  # of one time, likes come first, and then in their order
    return list(dict.fromkeys([entry.video_id for entry in entries]))[:n]


def video_hash(video_id: str) -> int:
    """The 32-bit name under which `Profile.seen` knows a video."""
    return crc32(video_id.encode())


def has_seen(profile: Profile, video_id: str) -> bool:
    """Whether the person is known to have acted on a video."""
    return _holds(profile.seen, pack("<I", video_hash(video_id)))


def unmet(profile: Profile, video_id: str) -> Profile:
    """The profile, had the person never met the video: what a like of it teaches, though a view came before."""
    if not has_seen(profile, video_id):
        return profile
    name = pack("<I", video_hash(video_id))
    names = [profile.seen[at : at + len(name)] for at in range(0, len(profile.seen), len(name))]
    return msgspec.structs.replace(
        profile,
        seen=b"".join([one for one in names if one != name]),
        reactions=tuple([reaction for reaction in profile.reactions if reaction.video_id != video_id]),
    )


def _absorb(profile: Profile, origin: Origin, action: Action, met: bool, earlier: Any) -> Profile:
    """The profile after an action.

    Args:
        profile: before it.
        origin: of the action.
        action: the action.
        met: whether its video is among those seen.
        earlier: what it replaces of likes or reactions, as the same video's.
    """
    video_id, kind, at = action.video_id, action.action_type, action.timestamp
    likes, reactions, liked = profile.likes, profile.reactions, kind == "like"
    if liked:
        likes = _latest(likes, Liked(video_id, at), earlier, LIKES)
    else:
        reactions = _latest(reactions, Reaction(video_id, kind, at), earlier, REACTIONS)
    return Profile(
        advance(profile.origins, origin),
        likes,
        reactions,
        profile.seen if met else _with_seen(profile.seen, video_id),
        _with_event_id(profile.event_ids, action.event_id),
        profile.like_count + liked,
        profile.view_count + (kind == "view"),
        profile.skip_count + (kind == "skip"),
        max(profile.last_at, at),
        profile.forgotten_at,
    )


def _trail(profile: Profile, video_id: str) -> tuple[str, ...]:
    """What the person enjoyed last but for this video, latest first."""
    return tuple([enjoyed for enjoyed in enjoyed_lately(profile, TRAIL + 1) if enjoyed != video_id][:TRAIL])


def _earlier(profile: Profile, action: Action, met: bool) -> Liked | Reaction | None:
    """What the profile holds of the same video, which is `met` or not: of likes for a like, else of reactions."""
    if len(profile.seen) < 4 * SEEN and not met:
        return None  # as long as all is remembered, this is faster
    entries: tuple[Liked | Reaction, ...] = profile.likes if action.action_type == "like" else profile.reactions
    ids = [entry.video_id for entry in entries]
    return entries[ids.index(action.video_id)] if action.video_id in ids else None


def _latest(entries: tuple[_Entry, ...], new: _Entry, earlier: _Entry | None, size: int) -> tuple[_Entry, ...]:
    """The `size` latest by event time, a video once; the same for every order of arrival."""
    if earlier is not None:
        entries = tuple([entry for entry in entries if entry is not earlier])
        new = max(earlier, new, key=_moment)
    if entries and entries[-1].timestamp >= new.timestamp:
        return tuple(sorted((*entries, new), key=_moment)[-size:])
    return (*entries, new)[-size:]


_when = attrgetter("timestamp")


def _moment(entry: Liked | Reaction) -> tuple[Any, ...]:
    """The entry's time first; what else it holds decides between two of one time, so that order of arrival does not."""
    *rest, at = astuple(entry)
    return at, *rest


def _with_seen(seen: bytes, video_id: str) -> bytes:
    return (seen + pack("<I", video_hash(video_id)))[-4 * SEEN :]


def _holds(packed: bytes, name: bytes) -> bool:
    """Whether `name` is one of the names in `packed`, all of one length; a match across two names is none."""
    at = packed.find(name)
    while at % len(name) and at >= 0:
        at = packed.find(name, at + 1)
    return at >= 0


def _fold_id(event_id: UUID) -> bytes:
    """8 of an id's 16 bytes' worth: both halves, so that every version of UUID keeps its random part."""
    return pack("<Q", (event_id.int >> 64) ^ (event_id.int & (1 << 64) - 1))


def _is_repeated(profile: Profile, action: Action) -> bool:
    return action.event_id is not None and _holds(profile.event_ids, _fold_id(action.event_id))


def _with_event_id(event_ids: bytes, event_id: UUID | None) -> bytes:
    return event_ids if event_id is None else (event_ids + _fold_id(event_id))[-8 * EVENT_IDS :]
