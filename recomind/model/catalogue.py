"""What is known of videos and people apart from what people do: the catalogue's entries, as stored and as sent."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final

import msgspec

from recomind.model.events import Id

TAGS_MAX: Final = 32
"""Most tags of a video."""

TAG_MAX: Final = 64
"""Longest tag, in characters."""

NO_NUL: Final = r"^[^\x00]*$"
"""What PostgreSQL can keep as text."""

Tag = Annotated[str, msgspec.Meta(min_length=1, max_length=TAG_MAX, pattern=NO_NUL)]


class VideoDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A video as it is put: `{"title":"Cat on a skateboard","url":"https://...","tags":["funny","cat"]}`."""

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=NO_NUL)]
    url: Annotated[str, msgspec.Meta(max_length=2000, pattern=NO_NUL)] = ""
    tags: Annotated[tuple[Tag, ...], msgspec.Meta(max_length=TAGS_MAX)] = ()
    creator_id: Id | None = None
    created_at: datetime | None = None
    """When it was uploaded; None means now."""


class UserDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person as put: `{"name":"Ada"}`."""

    name: Annotated[str, msgspec.Meta(max_length=200, pattern=NO_NUL)] = ""


class Card(msgspec.Struct, frozen=True):
    """A video as people get it in a list."""

    video_id: str
    title: str
    url: str
    tags: tuple[str, ...]


class Video(msgspec.Struct, frozen=True, kw_only=True):
    """A catalogue entry as the core works with it."""

    video_id: str
    title: str = ""
    url: str = ""
    tags: tuple[str, ...] = ()
    creator_id: str | None = None
    created_at: float = 0.0
    """Upload time, epoch seconds, UTC."""

    def card(self) -> bytes:
        """The entry as it stands in answers: JSON, serialised once and joined into many lists."""
        return msgspec.json.encode(Card(self.video_id, self.title, self.url, self.tags))


SEPARATOR: Final = b",\n"
"""Between the cards of an array. A card holds no line break, as JSON escapes it, so arrays are cut without parsing."""


def join(cards: Iterable[bytes]) -> bytes:
    r"""A JSON array of cards.

    >>> join([b"1", b"2"])
    b'[1,\n2]'
    """
    return b"[" + SEPARATOR.join(cards) + b"]"


def first(array: bytes, n: int) -> bytes:
    r"""The first `n` cards of an array that `join` made.

    >>> first(b"[1,\n2,\n3]", 2)
    b'[1,\n2]'
    """
    end = 0
    for _ in range(n):
        end = array.find(SEPARATOR[-1], end + 1)
        if end < 0:
            return array
    return array[: end + 1 - len(SEPARATOR)] + b"]"
