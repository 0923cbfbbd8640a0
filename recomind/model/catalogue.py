"""Catalogue entries of videos: as sent by clients, as stored, and as answered.

Lists of videos are JSON arrays joined from summaries that are serialised once per video.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from recomind.model.events import MAX_ID_LENGTH, Id, epoch_seconds
from recomind.model.ids import VideoId
from recomind.model.metadata import METADATA_FIELDS, VideoMetadata, VideoMetadataDetails, metadata_changes
from recomind.model.text import InvalidFieldError, check_printable, check_url, distinct_tags, is_printable

MAX_TAGS: Final = 32
"""Most tags of a video."""

MAX_TAG_LENGTH: Final = 64
"""Longest tag, in characters."""

EARLIEST_UPLOAD_S: Final = datetime(1900, 1, 1, tzinfo=UTC).timestamp()
LATEST_UPLOAD_S: Final = datetime(3000, 1, 1, tzinfo=UTC).timestamp()
"""Bounds of times in epoch seconds; both Python and PostgreSQL can represent all times between them."""

NO_NUL_PATTERN: Final = r"^[^\x00]*$"
"""Text without NUL characters, which PostgreSQL cannot store."""

Tag = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TAG_LENGTH, pattern=NO_NUL_PATTERN)]


class VideoDetails(VideoMetadataDetails, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A video as a client sends it: `{"title":"Cat on a skateboard","url":"https://...","tags":["funny","cat"]}`.

    With a title it is a whole entry. Without one it is a change of a video that the catalogue holds, `{"hidden":true}`:
    all that is left out stays.
    """

    video_id: Id | UnsetType = UNSET
    """May be left out; else it must be the id in the path."""

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=NO_NUL_PATTERN)] | UnsetType = UNSET
    """Needed for a video that the catalogue does not hold. If it is left out, all else that is left out stays."""
    url: Annotated[str, msgspec.Meta(max_length=2000, pattern=NO_NUL_PATTERN)] | UnsetType = UNSET
    """If it is left out beside a title, it is empty."""
    tags: Annotated[tuple[Tag, ...], msgspec.Meta(max_length=MAX_TAGS)] | UnsetType = UNSET
    """If they are left out beside a title, there are none."""
    creator_id: Id | UnsetType | None = UNSET
    """If it is left out, the stored creator stays; null removes it."""
    created_at: datetime | UnsetType | None = UNSET
    """When it was uploaded; if it is left out, the stored time stays, and a new video gets the present."""
    hidden: bool | UnsetType = UNSET
    """Whether it is taken down: in no list. If it is left out, it stays as it is."""
    expires_at: datetime | UnsetType | None = UNSET
    """When it is taken down by itself; if it is left out, the stored time stays; null removes it."""


_CHANGEABLE: Final = tuple(name for name in VideoDetails.__struct_fields__ if name != "video_id")


class VideoSummary(msgspec.Struct, frozen=True):
    """A video as it appears in lists."""

    video_id: str
    title: str
    url: str
    tags: tuple[str, ...]


class VideoEntry(VideoSummary, frozen=True):
    """A video as the catalogue holds it; it can be sent back by `PUT` as it is."""

    creator_id: str | None
    created_at: datetime
    """When it was uploaded."""
    hidden: bool = False
    """Whether it is taken down: in no list."""
    expires_at: datetime | None = None
    """When it is taken down by itself."""
    language: str | None = None
    """A BCP 47 language tag, in lower case."""
    countries: tuple[str, ...] = ()
    """Where it may be shown, ISO 3166-1 codes; empty for everywhere."""
    duration_ms: int | None = None
    """Its length, in milliseconds."""
    age_rating: int = 0
    """Least age of its viewers, in years; 0 for all ages."""
    thumbnail_url: str = ""
    """A still picture of it."""
    labels: tuple[str, ...] = ()
    """Free labels, which filters and rules read."""


class Video(VideoMetadata, frozen=True, kw_only=True):
    """A catalogue entry with its metadata, and its upload time in epoch seconds."""

    video_id: VideoId
    title: str = ""
    url: str = ""
    tags: tuple[str, ...] = ()
    creator_id: str | None = None
    created_at: float = 0.0
    """Upload time, epoch seconds, UTC."""
    hidden: bool = False
    """Whether it is in no list."""
    expires_at: float | None = None
    """From when on it is in no list, epoch seconds, UTC."""
    version: int = 0
    """Number of the change of the catalogue that made it: a later change of the video has a larger one."""

    def is_visible(self, now: float) -> bool:
        """Whether lists may hold it at a time, epoch seconds."""
        return not self.hidden and (self.expires_at is None or self.expires_at > now)

    def summary_json(self) -> bytes:
        """The entry's `VideoSummary` as JSON, an element of the arrays that `join_summaries` makes."""
        return msgspec.json.encode(VideoSummary(self.video_id, self.title, self.url, self.tags))

    def entry_json(self) -> bytes:
        """The `VideoEntry` as JSON."""
        created_at = datetime.fromtimestamp(self.created_at, UTC)
        expires_at = None if self.expires_at is None else datetime.fromtimestamp(self.expires_at, UTC)
        known = self.video_id, self.title, self.url, self.tags, self.creator_id, created_at, self.hidden, expires_at
        return msgspec.json.encode(VideoEntry(*known, **{name: getattr(self, name) for name in METADATA_FIELDS}))


class VideoChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written of a video; everything has been checked."""

    video_id: VideoId
    title: str | None
    """None: the video must be stored, and its title stays."""
    url: str | None
    """None keeps what is stored; so does None in `created_at`, and `UNSET` in `creator_id`."""
    tags: tuple[str, ...] | None
    """None, where there is no title, keeps what is stored."""
    creator_id: str | UnsetType | None
    created_at: float | None
    """Upload time, epoch seconds."""
    hidden: bool | None = None
    """Whether it is taken down; None keeps what is stored."""
    expires_at: float | UnsetType | None = UNSET
    """When it is taken down, epoch seconds; `UNSET` keeps what is stored."""
    metadata: dict[str, Any] = {}
    """Fields of `VideoMetadata` with their values; those that are not in it keep what is stored."""


def check_id(field: str, value: str) -> str:
    """The value, if it is an id.

    Raises:
        InvalidFieldError: it is empty, too long, or has characters that are not printable.
    """
    if not 1 <= len(value) <= MAX_ID_LENGTH or not is_printable(value):
        raise InvalidFieldError(field, f"{field} must be 1 to {MAX_ID_LENGTH} printable characters")
    return value


def video_change(video_id: str, details: VideoDetails, *, keep_url: bool = False) -> VideoChange:
    """Check a video by the rules that hold for all ways into the catalogue, and normalise its tags.

    Args:
        video_id: the video.
        details: as they were sent, or read from a file.
        keep_url: whether a stored URL stays if none is given.

    Raises:
        InvalidFieldError: a field breaks a rule.
    """
    check_id("video_id", video_id)
    if details.video_id not in {UNSET, video_id}:
        raise InvalidFieldError("video_id", "video_id must be the id in the path, or be left out")
    is_whole = details.title is not UNSET
    if not is_whole and all(getattr(details, name) is UNSET for name in _CHANGEABLE):
        raise InvalidFieldError("title", "there is no title, and nothing else that could be changed")
    if isinstance(details.title, str) and not details.title.strip():
        raise InvalidFieldError("title", "title is blank")
    url = ("" if is_whole else None) if details.url is UNSET else details.url
    tags = (() if is_whole else None) if details.tags is UNSET else details.tags
    check_url("url", url or "")
    if isinstance(details.creator_id, str):
        check_printable("creator_id", details.creator_id)
    return VideoChange(
        video_id=VideoId(video_id),
        title=None if details.title is UNSET else details.title,
        url=None if keep_url and not url else url,
        tags=None if tags is None else distinct_tags(tags),
        creator_id=details.creator_id,
        created_at=_time_of("created_at", details.created_at),
        hidden=None if details.hidden is UNSET else details.hidden,
        expires_at=UNSET if details.expires_at is UNSET else _time_of("expires_at", details.expires_at),
        metadata=metadata_changes(details),
    )


def _time_of(field: str, moment: datetime | UnsetType | None) -> float | None:
    """A time in epoch seconds; None if there is none.

    Raises:
        InvalidFieldError: it is out of bounds.
    """
    if not isinstance(moment, datetime):
        return None
    try:
        at = epoch_seconds(moment)
    except OverflowError:
        at = LATEST_UPLOAD_S
    if not EARLIEST_UPLOAD_S <= at < LATEST_UPLOAD_S:
        raise InvalidFieldError(field, f"{field} must be in the years 1900 to 2999")
    return at


SEPARATOR: Final = b",\n"
"""Between the summaries of an array. JSON escapes line breaks, so a line break is always the end of an element and
`first_summaries` can cut an array without parsing it."""


def join_summaries(summaries: Iterable[bytes]) -> bytes:
    r"""A JSON array of summaries.

    >>> join_summaries([b"1", b"2"])
    b'[1,\n2]'
    """
    return b"[" + SEPARATOR.join(summaries) + b"]"


def count_summaries(array: bytes) -> int:
    r"""How many summaries an array has that was made by `join_summaries`.

    >>> count_summaries(b"[]"), count_summaries(b"[1,\n2,\n3]")
    (0, 3)
    """
    return 0 if array == b"[]" else array.count(SEPARATOR[-1:]) + 1


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
