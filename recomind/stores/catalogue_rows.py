"""Rows of `videos`: a change as parameters of its statement, and a row as a catalogue entry."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET

from recomind.model.catalogue import Video, VideoChange
from recomind.model.metadata import METADATA_FIELDS, VideoMetadata
from recomind.stores.archive_rows import to_datetime


def change_row(change: VideoChange, new_created_at: float) -> tuple[Any, ...]:
    """The parameters of the query `upsert_video`, for a change with a title and tags.

    Args:
        change: what is to be written.
        new_created_at: upload time of a new video for which none is given, epoch seconds.
    """
    return (
        change.video_id,
        change.title,
        change.url,
        list(change.tags or ()),
        *_creator(change),
        _time_or_none(change.created_at),
        to_datetime(new_created_at),
        *_visibility_and_metadata(change),
    )


def partial_row(change: VideoChange) -> tuple[Any, ...]:
    """The parameters of the query `update_video`, for a change without a title."""
    tags, created_at = None if change.tags is None else list(change.tags), _time_or_none(change.created_at)
    return change.video_id, change.url, tags, *_creator(change), created_at, *_visibility_and_metadata(change)


def _creator(change: VideoChange) -> tuple[Any, bool]:
    """The creator, and whether it changes."""
    has_creator = change.creator_id is not UNSET
    return change.creator_id if has_creator else None, has_creator


def _visibility_and_metadata(change: VideoChange) -> tuple[Any, ...]:
    """Whether it is hidden, when it expires, whether that changes, and the metadata as JSON."""
    expires_at = to_datetime(change.expires_at) if isinstance(change.expires_at, float) else None
    metadata = msgspec.json.encode(change.metadata).decode()
    return change.hidden, expires_at, change.expires_at is not UNSET, metadata


def _time_or_none(at: float | None) -> datetime | None:
    return None if at is None else to_datetime(at)


def entry_row(video: Video) -> tuple[Any, ...]:
    """The parameters of the query `put_video`."""
    expires_at = None if video.expires_at is None else to_datetime(video.expires_at)
    known = video.video_id, video.title, video.url, list(video.tags), video.creator_id
    return *known, to_datetime(video.created_at), video.hidden, expires_at, *metadata_row(video)


def metadata_row(metadata: VideoMetadata) -> tuple[Any, ...]:
    """The columns of metadata."""
    values = (getattr(metadata, name) for name in METADATA_FIELDS)
    return tuple(list(value) if isinstance(value, tuple) else value for value in values)


def video_of_row(row: Sequence[Any], version: int) -> Video:
    """The catalogue entry of a row, whose last change has a number."""
    video_id, title, url, tags, creator_id, created_at, hidden, expires_at, *metadata = row
    return Video(
        video_id=video_id,
        title=title,
        url=url,
        tags=tuple(tags),
        creator_id=creator_id,
        created_at=created_at.timestamp(),
        hidden=hidden,
        expires_at=None if expires_at is None else expires_at.timestamp(),
        version=version,
        **_metadata_of(metadata),
    )


def _metadata_of(columns: Sequence[Any]) -> dict[str, Any]:
    """Fields of `VideoMetadata` in the form that filters compare; another program may have written the columns."""
    known = {name: value for name, value in zip(METADATA_FIELDS, columns, strict=True) if value is not None}
    if "language" in known:
        known["language"] = known["language"].lower()
    known["countries"] = tuple(sorted({country.upper() for country in known.get("countries", ())}))
    known["labels"] = tuple(known.get("labels", ()))
    return known
