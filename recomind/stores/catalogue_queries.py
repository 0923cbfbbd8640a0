"""The catalogue in PostgreSQL: entries, and their changes by number.

A trigger records every change of a row of `videos`, whoever makes it. The number of a change is drawn while the row is
locked, so of two changes of a video the later one has the larger number. A reader of changes goes by transactions,
since they may end in another order than they draw numbers.
"""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from typing import Any

from recomind.model.catalogue import Video, VideoChange
from recomind.model.catalogue_changes import CatalogueChange
from recomind.model.ids import VideoId
from recomind.stores.catalogue_rows import change_row, entry_row, partial_row, video_of_row
from recomind.stores.postgres_connection import REQUEST_TIMEOUT_S
from recomind.stores.sql import QUERIES


class CatalogueQueries:
    """The part of `Archive` that reads and writes the catalogue."""

    def _connection(self, within: float | None = None) -> AbstractAsyncContextManager[Any]:
        """A connection; the block must finish within `within` seconds."""
        raise NotImplementedError

    async def _fetch(self, name: str, *arguments: Any, within: float | None = None) -> list[Any]:
        raise NotImplementedError

    async def put_videos(self, videos: Iterable[Video]) -> None:
        """Add or replace catalogue entries."""
        rows = [entry_row(video) for video in videos]
        within = REQUEST_TIMEOUT_S if len(rows) == 1 else None  # a request puts one video, an import many
        async with self._connection(within) as connection, connection.transaction():
            await connection.executemany(QUERIES["put_video"], rows)

    async def change_video(self, change: VideoChange, new_created_at: float) -> Video | None:
        """Add or change a catalogue entry, and return it; a new one without an upload time gets `new_created_at`.

        None if the change has no title, and there is no such entry.
        """
        async with self._connection(REQUEST_TIMEOUT_S) as connection, connection.transaction():
            if change.title is None:
                row = await connection.fetchrow(QUERIES["update_video"], *partial_row(change))
            else:
                row = await connection.fetchrow(QUERIES["upsert_video"], *change_row(change, new_created_at))
            version = await connection.fetchval(QUERIES["version_of_video"], change.video_id)
        return None if row is None else video_of_row(row, version)

    async def change_videos(self, changes: Iterable[VideoChange], new_created_at: float) -> None:
        """Add or change many catalogue entries in one transaction; each change has a title."""
        rows = [change_row(change, new_created_at) for change in changes]
        async with self._connection() as connection, connection.transaction():
            await connection.executemany(QUERIES["upsert_video"], rows)

    async def delete_video(self, video_id: str) -> CatalogueChange:
        """Delete a catalogue entry, if there is one, and return the change."""
        async with self._connection(REQUEST_TIMEOUT_S) as connection, connection.transaction():
            await connection.execute(QUERIES["delete_video"], video_id)
            version = await connection.fetchval(QUERIES["version_of_video"], video_id)
        return CatalogueChange(VideoId(video_id), version, None)

    async def video(self, video_id: str) -> Video | None:
        """A catalogue entry; None if there is none."""
        rows = await self._fetch("video", video_id, within=REQUEST_TIMEOUT_S)
        return video_of_row(rows[0], 0) if rows else None

    async def all_videos(self) -> tuple[str, list[Video]]:
        """A position among the transactions, and a catalogue that includes all that ended before it."""
        position = await self._catalogue_position()
        return position, [video_of_row(row[1:], row[0]) for row in await self._fetch("all_videos")]

    async def changed_videos(self, after: str) -> tuple[str, list[CatalogueChange]]:
        """The next position among the transactions, and the changes after the position `after`.

        Changes that have been read before may come with them.
        """
        position = await self._catalogue_position()
        rows = await self._fetch("changed_videos", after)
        return position, [
            CatalogueChange(row[0], row[1], None if row[2] is None else video_of_row(row[2:], row[1])) for row in rows
        ]

    async def recent_takedowns(self, seconds: float) -> list[tuple[str, float]]:
        """Videos that were taken down in the last `seconds` and how many seconds ago, the earliest takedown first.

        It is for the caller to leave out those that have not expired by the time of Kafka.
        """
        return [(row[0], row[1]) for row in await self._fetch("recent_takedowns", seconds)]

    async def _catalogue_position(self) -> str:
        position: str = (await self._fetch("catalogue_position"))[0][0]
        return position
