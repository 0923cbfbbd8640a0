"""Pages of feed sessions in PostgreSQL."""

from typing import Any

from recomind.stores.postgres_connection import REQUEST_TIMEOUT_S


class FeedPageQueries:
    """The part of `Archive` that reads and writes pages of feed sessions."""

    async def _fetch(self, name: str, *arguments: Any, within: float | None = None) -> list[Any]:
        raise NotImplementedError

    async def _run(self, name: str, *arguments: Any, within: float | None = None) -> str:
        raise NotImplementedError

    async def put_feed_page(self, session: bytes, number: int, user_id: str, content: bytes) -> bytes:
        """Store a page of a user's session unless there is one of this number; returns the one that is stored."""
        [row] = await self._fetch("put_feed_page", session, number, user_id, content, within=REQUEST_TIMEOUT_S)
        stored: bytes = row[0]
        return stored

    async def feed_pages(self, session: bytes, last: int) -> list[tuple[int, bytes]]:
        """Numbers and contents of a session's pages up to number `last`."""
        rows = await self._fetch("feed_pages", session, last, within=REQUEST_TIMEOUT_S)
        return [(row[0], row[1]) for row in rows]

    async def delete_feed_pages(self, user_id: str) -> list[tuple[bytes, int]]:
        """Delete all pages of a user; returns the session and the number of each."""
        return [(row[0], row[1]) for row in await self._fetch("delete_feed_pages", user_id)]

    async def delete_expired_feed_pages(self, idle_s: float) -> int:
        """Delete the pages of sessions without a page in the last `idle_s` seconds; returns how many there were."""
        return int((await self._run("delete_expired_feed_pages", idle_s)).rpartition(" ")[2])
