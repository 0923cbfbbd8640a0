"""Catalogue entries of videos and users: as sent by clients, as stored, and as answered.

Lists of videos are JSON arrays joined from summaries that are serialised once per video.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final

import msgspec

from recomind.model.events import Id
from recomind.model.ids import VideoId

MAX_TAGS: Final = 32
"""Most tags of a video."""

MAX_TAG_LENGTH: Final = 64
"""Longest tag, in characters."""

NO_NUL_PATTERN: Final = r"^[^\x00]*$"
"""Text without NUL characters, which PostgreSQL cannot store."""

Tag = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TAG_LENGTH, pattern=NO_NUL_PATTERN)]


class VideoDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A video as a client sends it: `{"title":"Cat on a skateboard","url":"https://...","tags":["funny","cat"]}`."""

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=NO_NUL_PATTERN)]
    url: Annotated[str, msgspec.Meta(max_length=2000, pattern=NO_NUL_PATTERN)] = ""
    tags: Annotated[tuple[Tag, ...], msgspec.Meta(max_length=MAX_TAGS)] = ()
    creator_id: Id | None = None
    created_at: datetime | None = None
    """When it was uploaded; None means now."""


class UserDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user as a client sends it: `{"name":"Ada"}`."""

    name: Annotated[str, msgspec.Meta(max_length=200, pattern=NO_NUL_PATTERN)] = ""


class VideoSummary(msgspec.Struct, frozen=True):
    """A video as it appears in lists."""

    video_id: str
    title: str
    url: str
    tags: tuple[str, ...]


class Video(msgspec.Struct, frozen=True, kw_only=True):
    """A catalogue entry, with its upload time in epoch seconds."""

    video_id: VideoId
    title: str = ""
    url: str = ""
    tags: tuple[str, ...] = ()
    creator_id: str | None = None
    created_at: float = 0.0
    """Upload time, epoch seconds, UTC."""

    def summary_json(self) -> bytes:
        """The entry's `VideoSummary` as JSON, an element of the arrays that `join_summaries` makes."""
        return msgspec.json.encode(VideoSummary(self.video_id, self.title, self.url, self.tags))


SEPARATOR: Final = b",\n"
"""Between the summaries of an array. JSON escapes line breaks, so a line break is always the end of an element and
`first_summaries` can cut an array without parsing it."""


def join_summaries(summaries: Iterable[bytes]) -> bytes:
    r"""A JSON array of summaries.

    >>> join_summaries([b"1", b"2"])
    b'[1,\n2]'
    """
    return b"[" + SEPARATOR.join(summaries) + b"]"


def first_summaries(array: bytes, n: int) -> bytes:
    r"""The first `n` summaries of an array made by `join_summaries`.

    >>> first_summaries(b"[1,\n2,\n3]", 2)
    b'[1,\n2]'
    """
    end = 0
    for _ in range(n):
        end = array.find(SEPARATOR[-1], end + 1)
        if end < 0:
            return array
    return array[: end + 1 - len(SEPARATOR)] + b"]"
