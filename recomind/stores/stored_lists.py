"""People's lists as they are stored and read: the videos as JSON, and what a list counts, decoded as far as needed."""

import msgspec

from recomind.model.applied_offsets import Origins
from recomind.stores import keys


class ListMeta(msgspec.Struct, frozen=True):
    """What a stored list counts."""

    as_of: float
    """Event time for which it was ranked, epoch seconds."""
    origins: Origins
    """Lane to the last offset of the person's actions that it counts."""
    version: int
    """Of the blend's weights."""
    sources: dict[str, dict[str, float]] = {}
    """Video to the sources it comes from, each with its strength in [0, 1]."""


class Counted(msgspec.Struct, frozen=True):
    """A `ListMeta` as far as it says what is counted: decoding the sources takes longer than all the rest."""

    origins: Origins


class _Dated(msgspec.Struct, frozen=True):
    """A `ListMeta` as far as it says of when it is."""

    as_of: float


_encode = msgspec.msgpack.Encoder().encode
_dated = msgspec.msgpack.Decoder(_Dated).decode


class Listed(msgspec.Struct, frozen=True):
    """A person's list as it is read; its meta is decoded where it is asked for, as most who ask want the videos."""

    videos: bytes
    """A JSON array."""
    packed: bytes
    """The meta."""

    @property
    def as_of(self) -> float:
        """Event time for which it was ranked, epoch seconds."""
        return _dated(self.packed).as_of

    @property
    def meta(self) -> ListMeta:
        """What it counts, and where its videos come from."""
        return msgspec.msgpack.decode(self.packed, type=ListMeta)


class Stored(msgspec.Struct, frozen=True):
    """A person's list as it is stored: pre-serialised JSON, its top tags, and what it counts."""

    videos: bytes
    top_tags: bytes
    meta: ListMeta

    @property
    def listed(self) -> Listed:
        """As it will be read."""
        return Listed(self.videos, _encode(self.meta))


def values_of(user_id: str, stored: Stored) -> dict[str, bytes]:
    """What is stored of a person's list, by key."""
    listed = stored.listed
    return {keys.recommendations(user_id): listed.videos, keys.recommendations_meta(user_id): listed.packed}
