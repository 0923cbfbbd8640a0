"""Users' lists as they are stored and read: the videos as JSON, and the meta, decoded only as far as needed."""

from collections.abc import Sequence
from functools import cached_property
from typing import Final

import msgspec

from recomind.model.applied_offsets import AppliedOffsets
from recomind.model.catalogue import join_summaries
from recomind.model.ids import VideoId
from recomind.model.rules import DEFAULT_SCENARIO
from recomind.stores import keys

NO_VIDEOS: Final = join_summaries(())
"""An empty list. It is never stored, since what keeps it empty may pass at any moment."""


class ListMeta(msgspec.Struct, frozen=True):
    """Which state a list was ranked from, and where its videos come from."""

    as_of: float
    """Event time for which it was ranked, epoch seconds."""
    applied_offsets: AppliedOffsets = msgspec.field(name="origins")
    """Source to the last offset of the user's actions that the list includes."""
    version: int
    """Version of the blend's weights."""
    sources: dict[str, dict[str, float]] = {}
    """Video to its candidate sources, each with its strength in [0, 1]."""
    list_id: str = ""
    """Names the list; an action may carry it."""
    video_ids: tuple[str, ...] = ()
    """The list's videos, best first."""
    shown: bytes = b""
    """Features of its places as they were when it was ranked, see `recommender.served`."""
    place_sources: bytes = b""
    """Which sources proposed each place, see `recommender.place_sources`."""
    is_control: bool = False
    """Whether it is a random list of the control group."""
    policy_key: str = ""
    """Names the rules, metadata and local context for which it was ranked, see `recommender.policy.local_lists`."""
    scenario: str = DEFAULT_SCENARIO
    arms: dict[str, str] = {}
    """Experiment to the user's arm."""
    teams: bytes = b""
    """Of an interleaved list: whose each place is, see `recomind.stores.interleaved`."""
    is_ranker_left_out: bool = False
    """Whether a ranker that was to order it was left out, since it failed, is suspended or missing."""
    returned: tuple[int, ...] = ()
    """Which returns of videos its worker knew when it was ranked, see `recomind.stores.returned_videos`."""


class ShownMeta(msgspec.Struct, frozen=True):
    """What a response and the event of a served list need of a `ListMeta`."""

    as_of: float
    version: int = 0
    list_id: str = ""
    video_ids: tuple[VideoId, ...] = ()
    shown: bytes = b""
    place_sources: bytes = b""
    is_control: bool = False
    policy_key: str = ""
    scenario: str = DEFAULT_SCENARIO
    arms: dict[str, str] = {}
    teams: bytes = b""
    is_ranker_left_out: bool = False
    returned: tuple[int, ...] = ()


class ListOrigins(msgspec.Struct, frozen=True):
    """The applied offsets of a `ListMeta` alone: decoding the sources takes longer than the rest together."""

    applied_offsets: AppliedOffsets = msgspec.field(name="origins")


_encode = msgspec.msgpack.Encoder().encode
_decode_shown_meta = msgspec.msgpack.Decoder(ShownMeta).decode


class ServedList(msgspec.Struct, frozen=True, dict=True):
    """A user's list as it is read. The meta is decoded on access, once: it is larger than the videos."""

    videos: bytes
    """A JSON array."""
    encoded_meta: bytes
    """A `ListMeta`, msgpack."""

    @property
    def as_of(self) -> float:
        """Event time for which it was ranked, epoch seconds."""
        return self.shown_meta.as_of

    @property
    def list_id(self) -> str:
        """Names the list; empty if an earlier version has stored it."""
        return self.shown_meta.list_id

    @cached_property
    def shown_meta(self) -> ShownMeta:
        """What a response and the event of a served list need."""
        return _decode_shown_meta(self.encoded_meta)

    @property
    def meta(self) -> ListMeta:
        """Which state it was ranked from, and where its videos come from."""
        return msgspec.msgpack.decode(self.encoded_meta, type=ListMeta)

    def with_videos(self, videos: bytes) -> "ServedList":
        """The same list with its videos as other JSON."""
        changed = ServedList(videos, self.encoded_meta)
        changed.__dict__.update(self.__dict__)
        return changed


class _Entry(msgspec.Struct, frozen=True):
    """The id alone of a video in a list."""

    video_id: VideoId


_decode_entries = msgspec.json.Decoder(list[_Entry]).decode


def ids_in(videos: bytes) -> tuple[VideoId, ...]:
    """The ids of the videos in a JSON array of summaries."""
    return tuple(entry.video_id for entry in _decode_entries(videos))


def with_places(served: ServedList, videos: bytes, places: Sequence[int]) -> ServedList:
    """A list of some of its places, numbered from 0, with other JSON; its meta says the same of them as before."""
    meta = served.meta
    retained = tuple(meta.video_ids[place] for place in places) if meta.video_ids else ()
    packed = (meta.shown, meta.place_sources, meta.teams)
    shown, sources, teams = (_of_places(one, places, len(meta.video_ids)) for one in packed)
    changed = msgspec.structs.replace(meta, video_ids=retained, shown=shown, place_sources=sources, teams=teams)
    return ServedList(videos, _encode(changed))


def without_features(encoded_meta: bytes) -> bytes:
    """The encoded meta of a list, without what its event needs and its videos: these are stored elsewhere."""
    meta = msgspec.msgpack.decode(encoded_meta, type=ListMeta)
    return _encode(msgspec.structs.replace(meta, video_ids=(), shown=b"", place_sources=b"", teams=b""))


def _of_places(packed: bytes, places: Sequence[int], count: int) -> bytes:
    """What is packed of some places of so many, each in as many bytes."""
    width = len(packed) // max(1, count)
    return b"".join(packed[place * width : (place + 1) * width] for place in places)


class StoredList(msgspec.Struct, frozen=True):
    """A user's list as it is stored."""

    videos: bytes
    """A JSON array."""
    top_tags: bytes
    """The user's top tags, a JSON array."""
    meta: ListMeta

    @property
    def is_empty(self) -> bool:
        """Whether no video was found: the catalogue is not known yet, or all of it has been seen."""
        return self.videos == NO_VIDEOS

    @property
    def as_served(self) -> ServedList:
        """The list as it will be read."""
        return ServedList(self.videos, _encode(self.meta))


def encode_list(user_id: str, stored: StoredList) -> dict[str, bytes]:
    """Redis keys and values of a user's list, without the top tags.

    An empty list has its meta alone, which says what it counts: without the videos, the next request ranks again.
    """
    served = stored.as_served
    videos = {} if stored.is_empty else {keys.recommendations(user_id): served.videos}
    return videos | {keys.recommendations_meta(user_id): served.encoded_meta}
