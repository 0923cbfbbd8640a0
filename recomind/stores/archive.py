"""The archive in PostgreSQL: every action once, the catalogue, and the fallback when the cache is cold."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha1
from typing import Any, Final, NamedTuple
from uuid import NAMESPACE_OID, UUID

import asyncpg
from asyncpg.pgproto import pgproto

from recomind.errors import OutdatedError, UnavailableError
from recomind.errors.circuit_breaker import Breaker
from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.signals import Origin, place_of
from recomind.stores.fencing import MEMORY, Fence
from recomind.stores.sql import QUERIES, SCHEMA
from recomind.stream import topics

SOON: Final = 1.0
"""Seconds that PostgreSQL may take for what a request waits for, and again to give the connection back."""

TOGETHER: Final = 64
"""Inserts of at most so many rows share a statement with others."""

SILENCE: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    OSError,
    TimeoutError,
)
"""Errors that mean that PostgreSQL is away; a wrong statement stays what it is."""

BROKEN: Final = (asyncpg.InterfaceError, asyncpg.InternalClientError)
"""Errors of asyncpg's own where a connection has been closed, or is told so just as a statement begins."""


class ArchivedAction(NamedTuple):
    """A row of `video_actions`."""

    id: UUID
    user_id: str
    video_id: str
    action_type: str
    timestamp: datetime


class Connection(asyncpg.Connection):
    """A connection that is given back as it is, without a statement to reset its session: ours change nothing of it."""

    def get_reset_query(self) -> str:
        """None. A transaction that is still open is rolled back all the same."""
        return ""


class Archive:
    """Queries over a pool of connections."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._pool: asyncpg.Pool | None = None
        self.fence = Fence("", 0)
        """For what only the owner of a partition writes."""
        self._raised: Fence | None = None
        self._joined: list[tuple[ArchivedAction, int]] = []
        self._inserting: asyncio.Task[None] | None = None
        self._border = Breaker("PostgreSQL", SILENCE, BROKEN)

    async def open(self) -> None:
        """Connect and create what is missing."""
        with self._border:
            self._pool = await asyncpg.create_pool(
                self._dsn, min_size=1, max_size=8, command_timeout=10, connection_class=Connection
            )
        async with self._connection() as connection, connection.transaction():
            await connection.execute(QUERIES["lock_schema"])
            await connection.execute(SCHEMA)

    async def close(self) -> None:
        """Disconnect."""
        if self._pool is not None:
            self._pool.terminate()

    async def insert_actions(self, actions: Sequence[ArchivedAction], log_offsets: Sequence[int]) -> None:
        """Insert actions, each once however often it comes, but none of somebody who was forgotten behind it.

        Args:
            actions: the rows. Few of them share a statement with others that are inserted in the same turn of the loop.
            log_offsets: where each stands in the log of its person's partition.
        """
        if len(actions) > TOGETHER:
            await self._insert(actions, log_offsets)
            return
        if self._inserting is None:
            self._inserting = asyncio.create_task(self._insert_joined())
        self._joined += zip(actions, log_offsets, strict=True)
        await asyncio.shield(self._inserting)

    async def forget_person(self, user_id: str, log_offset: int) -> None:
        """Delete a person and her actions, for good as to all that stands before that offset of her partition's log."""
        async with self._connection() as connection, connection.transaction():
            await connection.execute(QUERIES["lock_actions"])
            if await connection.fetch(QUERIES["note_forgotten"], user_id, log_offset):
                await connection.execute(QUERIES["delete_actions"], user_id)
                await connection.execute(QUERIES["delete_user"], user_id)

    async def delete_profiles(self, user_ids: Sequence[str]) -> None:
        """Delete people's top tags."""
        await self._put("delete_profiles", list(user_ids))

    async def recent_actions(self, user_id: str, limit: int) -> list[Action]:
        """A person's latest actions, oldest first."""
        rows = await self._fetch("recent_actions", user_id, limit, within=SOON)
        return [Action(user_id, row[0], row[1], row[2].timestamp()) for row in reversed(rows)]

    async def put_videos(self, videos: Iterable[Video]) -> None:
        """Add or replace catalogue entries."""
        rows = [(v.video_id, v.title, v.url, list(v.tags), v.creator_id, moment(v.created_at)) for v in videos]
        within = SOON if len(rows) == 1 else None  # a request waits for one, an import for many
        async with self._connection(within) as connection, connection.transaction():
            await connection.executemany(QUERIES["put_video"], rows)

    async def put_user(self, user_id: str, name: str) -> None:
        """Add or rename a person."""
        await self._run("put_user", user_id, name, within=SOON)

    async def video(self, video_id: str) -> Video | None:
        """A catalogue entry."""
        rows = await self._fetch("video", video_id, within=SOON)
        return _video(rows[0]) if rows else None

    async def all_videos(self) -> tuple[int, list[Video]]:
        """The catalogue, and the number of the last change it holds."""
        last = (await self._fetch("last_change"))[0][0]
        return last, [_video(row) for row in await self._fetch("all_videos")]

    async def changed_videos(self, last: int) -> tuple[int, list[Video]]:
        """The entries that changed after the change numbered `last`, and the number of the latest change."""
        rows = await self._fetch("changed_videos", last)
        fresh = [row for row in rows if row[0] > last]
        return max((row[0] for row in rows), default=last), [_video(row[1:]) for row in (rows if fresh else ())]

    async def put_popularity(self, rows: Sequence[tuple[str, float, float]]) -> None:
        """Overwrite videos' scores: (video id, score, event time of the last action)."""
        ids, scores, times = zip(*rows, strict=True)
        await self._put("put_popularity", ids, scores, [moment(at) for at in times])

    async def put_profiles(self, rows: Sequence[tuple[str, Sequence[str], float]]) -> None:
        """Overwrite people's top tags: (user id, tags, event time of the last action)."""
        ids, tags, times = zip(*rows, strict=True)
        await self._put("put_profiles", ids, ["\x1f".join(some) for some in tags], [moment(at) for at in times])

    async def popular(self, n: int) -> list[str]:
        """The most popular videos as last written down."""
        return [row[0] for row in await self._fetch("popular", n, within=SOON)]

    async def profiles_of(self, user_ids: Sequence[str]) -> dict[str, datetime]:
        """When the profiles of these people were last brought up to date: event time of the latest action."""
        return {row[0]: row[1] for row in await self._fetch("profiles_of", user_ids)}

    async def popularity_of(self, video_ids: Sequence[str]) -> dict[str, tuple[float, datetime]]:
        """The rows of these videos in `video_popularity`: (score, event time of the last action)."""
        return {row[0]: (row[1], row[2]) for row in await self._fetch("popularity_of", video_ids)}

    async def all_actions(self) -> AsyncIterator[ArchivedAction]:
        """Every row of `video_actions`."""
        async for row in self._stream("all_actions"):
            yield ArchivedAction(UUID(int=row[0].int), *row[1:])

    async def profile_ids(self) -> AsyncIterator[str]:
        """Whoever has a row in `user_profiles`."""
        async for row in self._stream("profile_ids"):
            yield row[0]

    async def popularity_ids(self) -> AsyncIterator[str]:
        """Whichever video has a row in `video_popularity`."""
        async for row in self._stream("popularity_ids"):
            yield row[0]

    async def likes(self) -> list[tuple[str, str]]:
        """Every like as (user id, video id), person by person, newest first."""
        return [(row[0], row[1]) for row in await self._fetch("likes")]

    async def _insert_joined(self) -> None:
        await asyncio.sleep(0)  # until then others may join
        joined, self._joined, self._inserting = self._joined, [], None
        await self._insert(*zip(*joined, strict=True))

    async def _insert(self, actions: Sequence[ArchivedAction], log_offsets: Sequence[int]) -> None:
        columns = (list(column) for column in zip(*actions, strict=True))
        await self._run("insert_actions", *columns, list(log_offsets))

    async def _put(self, name: str, *columns: Any) -> None:
        """Overwrite rows, unless a later generation of the group does.

        Raises:
            OutdatedError: it does.
        """
        fence = self.fence
        if self._raised != fence:
            await self._run("raise_generation", *fence, float(MEMORY))
            self._raised = fence
        async with self._connection() as connection:
            if (await connection.execute(QUERIES[name], *fence, *columns)).endswith(" 0"):
                self._raised = None
                raise OutdatedError("PostgreSQL", fence.generation)

    async def _run(self, name: str, *arguments: Any, within: float | None = None) -> None:
        async with self._connection(within) as connection:
            await connection.execute(QUERIES[name], *arguments)

    async def _fetch(self, name: str, *arguments: Any, within: float | None = None) -> list[Any]:
        async with self._connection(within) as connection:
            rows: list[Any] = await connection.fetch(QUERIES[name], *arguments)
            return rows

    async def _stream(self, name: str) -> AsyncIterator[Any]:
        async with self._connection() as connection, connection.transaction():
            async for row in connection.cursor(QUERIES[name], prefetch=5_000):
                yield row

    @asynccontextmanager
    async def _connection(self, within: float | None = None) -> Any:
        """A connection, which has to be done with within so many seconds."""
        if self._pool is None:
            raise UnavailableError("PostgreSQL", RuntimeError("the archive has not been opened"))
        with self._border:
            async with asyncio.timeout(within), self._pool.acquire(timeout=within or 5.0) as connection:
                yield connection


def moment(at: float) -> datetime:
    """Epoch seconds as PostgreSQL takes them."""
    return datetime.fromtimestamp(at, UTC)


def uuid5(namespace: UUID, name: bytes) -> UUID:
    """The UUID of version 5 of a name (RFC 9562), as asyncpg's own kind: quicker made and encoded than the library's.

    >>> from uuid import NAMESPACE_OID
    >>> uuid5(NAMESPACE_OID, b"0:1")
    UUID('70fbbbf6-fe32-502c-92a7-a4f7e0771bdb')
    """
    digest = sha1(namespace.bytes + name, usedforsecurity=False).digest()
    version, variant = digest[6] & 0x0F | 0x50, digest[8] & 0x3F | 0x80
    made: UUID = pgproto.UUID(b"%b%c%c%c%b" % (digest[:6], version, digest[7], variant, digest[9:16]))
    return made


def _video(row: Sequence[Any]) -> Video:
    video_id, title, url, tags, creator_id, created_at = row
    return Video(
        video_id=video_id,
        title=title,
        url=url,
        tags=tuple(tags),
        creator_id=creator_id,
        created_at=created_at.timestamp(),
    )


def archived(origin: Origin, action: Action) -> ArchivedAction:
    """The row of an action."""
    identity = action.event_id or action_id(origin)
    return ArchivedAction(identity, action.user_id, action.video_id, action.action_type, moment(action.timestamp))


def action_id(origin: Origin) -> UUID:
    """The id of an action that brought none: a UUIDv5 of its place in the log."""
    return uuid5(ACTIONS_NAMESPACE, b"%d:%d" % place_of(origin))


ACTIONS_NAMESPACE: Final = uuid5(NAMESPACE_OID, topics.ACTIONS.encode())
