"""Rows of `videos`: a change as parameters of its statement, and a row as a catalogue entry."""

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET

from recomind.model.catalogue import Video, VideoChange
from recomind.stores.archive_rows import to_datetime


def change_row(change: VideoChange, new_created_at: float) -> tuple[Any, ...]:
    """The parameters of the query `upsert_video`.

    Args:
        change: what is to be written.
        new_created_at: upload time of a new video for which none is given, epoch seconds.
    """
    has_creator, has_expiry = change.creator_id is not UNSET, change.expires_at is not UNSET
    return (
        change.video_id,
        change.title,
        change.url,
        list(change.tags),
        change.creator_id if has_creator else None,
        has_creator,
        None if change.created_at is None else to_datetime(change.created_at),
        to_datetime(new_created_at),
        change.hidden,
        to_datetime(change.expires_at) if isinstance(change.expires_at, float) else None,
        has_expiry,
    )


def entry_row(video: Video) -> tuple[Any, ...]:
    """The parameters of the query `put_video`."""
    expires_at = None if video.expires_at is None else to_datetime(video.expires_at)
    uploaded_at = to_datetime(video.created_at)
    tags = list(video.tags)
    return video.video_id, video.title, video.url, tags, video.creator_id, uploaded_at, video.hidden, expires_at


def video_of_row(row: Sequence[Any], version: int) -> Video:
    """The catalogue entry of a row, whose last change has a number."""
    video_id, title, url, tags, creator_id, created_at, hidden, expires_at = row
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
    )
