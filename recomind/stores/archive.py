"""The archive in PostgreSQL: every action once, the catalogue, and the fallback for an empty Redis."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from recomind.errors import OutdatedError, SettingsError, UnavailableError
from recomind.errors.circuit_breaker import CircuitBreaker
from recomind.model.events import Action
from recomind.model.ids import UserId
from recomind.model.log_identity import LogIdentity
from recomind.settings import POOLING_MODES, TRANSACTION_POOLING
from recomind.stores.archive_rows import ArchivedAction, shared_event_id, to_datetime
from recomind.stores.catalogue_queries import CatalogueQueries
from recomind.stores.feed_page_queries import FeedPageQueries
from recomind.stores.fencing import GENERATION_TTL_S, Fence
from recomind.stores.log_registry import LogRegistry
from recomind.stores.migrations import migrate
from recomind.stores.postgres_connection import (
    CONNECTION_ERRORS,
    POOLER_ADVICE,
    POOLER_ERRORS,
    REQUEST_TIMEOUT_S,
    UNREACHABLE_ERRORS,
    PooledConnection,
    check_pooling,
    connection_options,
)
from recomind.stores.sql import QUERIES
from recomind.stores.user_queries import UserQueries

ACQUIRE_TIMEOUT_S: Final = 5.0
"""Time in which the pool must give a connection to any other query."""

STREAM_TIMEOUT_S: Final = 600.0
"""Time in which PostgreSQL must give the next rows of a whole table, which it may have to sort first."""

MAX_COALESCED_ROWS: Final = 64
"""Inserts of up to this many rows are coalesced with concurrent ones."""


OUTSIDE_GROUP: Final = Fence("", 0)
"""The token of writers that belong to no consumer group."""


class Archive(CatalogueQueries, FeedPageQueries, UserQueries):
    """Typed queries over a connection pool."""

    def __init__(self, dsn: str, pooling: str = POOLING_MODES[0]) -> None:
        self._dsn = dsn
        self._pooling = pooling
        self._pool: asyncpg.Pool | None = None
        self.fence: Fence | None = None
        """Fencing token for rows that only a partition's owner writes; None outside a consumer group."""
        self.log = LogIdentity(0)
        """The log that actions come from."""
        self.logs = LogRegistry(self._fetch, self._run)
        """Which logs and topics this database was filled from."""
        self._registered_fence: Fence | None = None
        self._pending_rows: list[tuple[ArchivedAction, int]] = []
        self._insert_task: asyncio.Task[None] | None = None
        self._breaker = CircuitBreaker("PostgreSQL", UNREACHABLE_ERRORS, CONNECTION_ERRORS)

    async def open(self) -> None:
        """Connect, and migrate the schema to the latest version.

        Raises:
            NewerEncodingError: the database has the schema of a newer RecoMind.
            SettingsError: the address has a parameter, or leads to a pooler, that needs another setting.
            SchemaMismatchError: somebody else created tables of our names that do not fit.
        """
        options = connection_options(self._dsn, self._pooling)
        try:
            with self._breaker:
                self._pool = await asyncpg.create_pool(
                    **options, min_size=1, max_size=8, command_timeout=10, connection_class=PooledConnection
                )
        except asyncpg.PostgresError as error:  # the server answers: it does not know the user, database or parameter
            raise SettingsError(f"RECOMIND_POSTGRES_DSN: PostgreSQL refuses the connection: {error}") from error
        try:
            if self._pooling != TRANSACTION_POOLING:
                with self._breaker:
                    await check_pooling(self._pool)
            async with self._connection() as connection:
                await migrate(connection)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Disconnect."""
        if self._pool is not None:
            self._pool.terminate()

    async def insert_actions(self, actions: Sequence[ArchivedAction], log_offsets: Sequence[int]) -> None:
        """Insert actions idempotently by id; skip those before the user's erasure offset.

        Args:
            actions: the rows. A few rows share a statement with other inserts of this iteration of the event loop.
            log_offsets: the offset of each action in the log of its user's partition.
        """
        if len(actions) > MAX_COALESCED_ROWS:
            await self._insert(actions, log_offsets)
            return
        if self._insert_task is None:
            self._insert_task = asyncio.create_task(self._insert_pending())
        self._pending_rows += zip(actions, log_offsets, strict=True)
        await asyncio.shield(self._insert_task)

    async def erase_user(self, user_id: str, log_offset: int, *, has_expired: bool = False) -> None:
        """Delete the user and all actions logged before `log_offset`, also those that are inserted later."""
        erasure = user_id, log_offset, self.log.erasure_scope, has_expired
        async with self._connection() as connection, connection.transaction():
            await connection.execute(QUERIES["lock_actions"])
            if await connection.fetch(QUERIES["record_erasure"], *erasure):
                await connection.execute(QUERIES["delete_actions"], user_id)
                await connection.execute(QUERIES["delete_user"], user_id)

    async def erasure_offsets(self, user_ids: Sequence[str]) -> dict[str, int]:
        """Those of users who were erased, with the offset of the last record that did so."""
        rows = await self._fetch("erasure_offsets", user_ids, self.log.erasure_scope)
        return {row[0]: row[1] for row in rows}

    async def actions_to_merge(self, session: str, log_offset: int, most: int) -> list[ArchivedAction]:
        """A session's latest actions, oldest first; none if it has been erased at or after an offset of its log."""
        rows = await self._fetch("actions_to_merge", session, log_offset, self.log.erasure_scope, most)
        return [ArchivedAction(UUID(int=row[0].int), *row[1:]) for row in rows]

    async def delete_profiles(self, user_ids: Sequence[str]) -> None:
        """Delete users' top tags."""
        await self._run_fenced("delete_profiles", list(user_ids))

    async def recent_actions(self, user_id: str, limit: int) -> list[Action]:
        """A user's latest actions, oldest first."""
        rows = await self._fetch("recent_actions", user_id, limit, within=REQUEST_TIMEOUT_S)
        return [Action(UserId(user_id), row[0], row[1], row[2].timestamp()) for row in reversed(rows)]

    async def seen_videos(self, user_id: str) -> list[str]:
        """All videos that a user has acted on."""
        return [row[0] for row in await self._fetch("seen_videos", user_id, within=REQUEST_TIMEOUT_S)]

    async def put_popularity(self, rows: Sequence[tuple[str, float, float]]) -> None:
        """Overwrite videos' scores. A row is (video id, score, event time of the latest action).

        Raises:
            OutdatedError: a later generation of the group has written.
        """
        ids, scores, times = zip(*rows, strict=True)
        await self._run_fenced("put_popularity", ids, scores, [to_datetime(at) for at in times])

    async def put_profiles(self, rows: Sequence[tuple[str, Sequence[str], float]]) -> None:
        """Overwrite users' top tags. A row is (user id, tags, event time of the latest action).

        Raises:
            OutdatedError: a later generation of the group has written.
        """
        ids, tags, times = zip(*rows, strict=True)
        joined = ["\x1f".join(some) for some in tags]
        await self._run_fenced("put_profiles", ids, joined, [to_datetime(at) for at in times])

    async def popular_videos(self, n: int) -> list[str]:
        """The ids of the `n` videos with the highest stored scores."""
        return [row[0] for row in await self._fetch("popular_videos", n, within=REQUEST_TIMEOUT_S)]

    async def profile_times(self, user_ids: Sequence[str]) -> dict[str, datetime]:
        """User to the event time of the latest action in their row of `user_profiles`."""
        return {row[0]: row[1] for row in await self._fetch("profile_times", user_ids)}

    async def popularity_rows(self, video_ids: Sequence[str]) -> dict[str, tuple[float, datetime]]:
        """Video to its row in `video_popularity`: (score, event time of the latest action)."""
        return {row[0]: (row[1], row[2]) for row in await self._fetch("popularity_rows", video_ids)}

    async def all_actions(self, *, in_order: bool = False) -> AsyncIterator[ArchivedAction]:
        """Every row of `video_actions`, perhaps in order of its time."""
        async for row in self._stream("actions_in_order" if in_order else "all_actions"):
            yield ArchivedAction(UUID(int=row[0].int), *row[1:])

    async def details_since(self) -> float:
        """Epoch seconds since which every worker stores all columns of actions; 0 if every one always has."""
        rows = await self._fetch("details_since")
        return float(rows[0][0])

    async def feedback_since(self) -> float:
        """Epoch seconds since which every worker remembers likes and feedback of any age; 0 if every one always has."""
        rows = await self._fetch("feedback_since")
        return float(rows[0][0])

    async def action_counts(self) -> AsyncIterator[tuple[str, int]]:
        """Users and the number of their rows in `video_actions`."""
        async for row in self._stream("action_counts"):
            yield row[0], row[1]

    async def profile_ids(self) -> AsyncIterator[str]:
        """The ids of users in `user_profiles`."""
        async for row in self._stream("profile_ids"):
            yield row[0]

    async def popularity_ids(self) -> AsyncIterator[str]:
        """The ids of videos in `video_popularity`."""
        async for row in self._stream("popularity_ids"):
            yield row[0]

    async def likes(self) -> list[tuple[str, str]]:
        """All likes as (user id, video id), grouped by user, newest first."""
        return [(row[0], row[1]) for row in await self._fetch("likes")]

    async def _insert_pending(self) -> None:
        await asyncio.sleep(0)  # inserts of this iteration of the event loop join
        rows, self._pending_rows, self._insert_task = self._pending_rows, [], None
        await self._insert(*zip(*rows, strict=True))

    async def _insert(self, actions: Sequence[ArchivedAction], log_offsets: Sequence[int]) -> None:
        columns = [list(column) for column in zip(*actions, strict=True)]
        arguments = *columns, list(log_offsets), self.log.erasure_scope
        status = await self._run("insert_actions", *arguments)
        if int(status.rpartition(" ")[2]) < len(actions):  # ids were known: of the same user, as a rule
            shared = [shared_event_id(row.id, row.user_id) for row in actions]
            await self._run("insert_shared_events", *arguments, shared)

    async def _run_fenced(self, name: str, *columns: Any) -> None:
        """Run a write behind the fence.

        Raises:
            OutdatedError: a later generation of the group has written.
        """
        fence = self.fence or OUTSIDE_GROUP
        if self._registered_fence != fence:
            await self._run("register_generation", *fence, float(GENERATION_TTL_S))
            self._registered_fence = fence
        async with self._connection() as connection:
            if (await connection.execute(QUERIES[name], *fence, *columns)).endswith(" 0"):
                self._registered_fence = None
                raise OutdatedError("PostgreSQL", fence.generation)

    async def _run(self, name: str, *arguments: Any, within: float | None = None) -> str:
        """Run a statement; returns its tag, which ends with the number of rows."""
        async with self._connection(within) as connection:
            tag: str = await connection.execute(QUERIES[name], *arguments)
            return tag

    async def _fetch(self, name: str, *arguments: Any, within: float | None = None) -> list[Any]:
        async with self._connection(within) as connection:
            rows: list[Any] = await connection.fetch(QUERIES[name], *arguments)
            return rows

    async def _stream(self, name: str) -> AsyncIterator[Any]:
        async with self._connection() as connection, connection.transaction():
            async for row in connection.cursor(QUERIES[name], prefetch=5_000, timeout=STREAM_TIMEOUT_S):
                yield row

    @asynccontextmanager
    async def _connection(self, within: float | None = None) -> Any:
        """Acquire a connection; the block must finish within `within` seconds."""
        if self._pool is None:
            raise UnavailableError("PostgreSQL", RuntimeError("the archive has not been opened"))
        with self._breaker:
            timeout = within or ACQUIRE_TIMEOUT_S
            async with asyncio.timeout(within), self._pool.acquire(timeout=timeout) as connection:
                try:
                    yield connection
                except POOLER_ERRORS as error:
                    raise SettingsError(POOLER_ADVICE) from error
