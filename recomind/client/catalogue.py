"""The part of `Client` that reads and writes the catalogue and users."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from msgspec import UNSET, UnsetType

from recomind.client.connection import quoted
from recomind.model.catalogue import VideoDetails, VideoEntry
from recomind.model.receipts import ChangeProgress, ChangeReceipt
from recomind.model.users import UserDetails, UserEntry

Response = TypeVar("Response")


class CatalogueCalls:
    """Calls for videos and users."""

    def _get(self, path: str, response_type: type[Response], **query: Any) -> Response:
        raise NotImplementedError

    def _send(self, method: str, path: str, body: Any, response_type: type[Response]) -> Response:
        raise NotImplementedError

    def put_video(
        self,
        video_id: str,
        *,
        title: str | None = None,
        url: str | None = None,
        tags: Sequence[str] | None = None,
        creator_id: str | None = None,
        created_at: datetime | None = None,
        hidden: bool | None = None,
        expires_at: datetime | UnsetType | None = UNSET,
        **metadata: Any,
    ) -> VideoEntry:
        """Add, replace or change a video.

        With a `title` it is a whole entry: `url` and `tags` are empty if they are not given, and what comes after them
        stays as it is stored. Without one, as in `put_video("v1", hidden=True)`, all that is not given stays, and the
        video must be in the catalogue.

        A hidden or expired video is in no list. `expires_at=None` removes the time. `metadata` has fields of
        `VideoMetadataDetails`: `language`, `countries`, `duration_ms`, `age_rating`, `thumbnail_url`, `labels`.
        """
        details = VideoDetails(
            title=UNSET if title is None else title,
            url=UNSET if url is None else url,
            tags=UNSET if tags is None else tuple(tags),
            creator_id=UNSET if creator_id is None else creator_id,
            created_at=UNSET if created_at is None else created_at,
            hidden=UNSET if hidden is None else hidden,
            expires_at=expires_at,
            **metadata,
        )
        return self._send("PUT", f"/videos/{quoted(video_id)}", details, VideoEntry)

    def get_video(self, video_id: str) -> VideoEntry:
        """A video of the catalogue."""
        return self._get(f"/videos/{quoted(video_id)}", VideoEntry)

    def delete_video(self, video_id: str) -> ChangeReceipt:
        """Take a video down, and delete it from the catalogue; `change_progress` reports the progress."""
        return self._send("DELETE", f"/videos/{quoted(video_id)}", None, ChangeReceipt)

    def change_progress(self, video_id: str, receipt: str) -> ChangeProgress:
        """Progress of a change of a video: whether all workers have applied it."""
        return self._get(f"/videos/{quoted(video_id)}/changes/{quoted(receipt)}", ChangeProgress)

    def put_user(self, user_id: str, *, name: str = "", **metadata: Any) -> dict[str, Any]:
        """Add or change a user. `metadata` has fields of `UserDetails`, such as `country` and `blocked_tags`.

        What is not given stays as it is stored, except for the name.
        """
        return self._send("PUT", f"/users/{quoted(user_id)}", UserDetails(name=name, **metadata), dict[str, Any])

    def get_user(self, user_id: str) -> UserEntry:
        """A user's name and metadata."""
        return self._get(f"/users/{quoted(user_id)}", UserEntry)
