"""Users in PostgreSQL: their names and metadata, and the changes of their rows by number.

A trigger records every change of a row of `users`, whoever makes it, as of `videos` (see `catalogue_queries`); of each
user the latest one stays.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec

from recomind.model.users import USER_FIELDS, UserChange, UserEntry, UserMetadata
from recomind.stores.postgres_connection import REQUEST_TIMEOUT_S
from recomind.stores.sql import QUERIES


class UserQueries:
    """The part of `Archive` that reads and writes users."""

    def _connection(self, within: float | None = None) -> AbstractAsyncContextManager[Any]:
        """A connection; the block must finish within `within` seconds."""
        raise NotImplementedError

    async def _fetch(self, name: str, *arguments: Any, within: float | None = None) -> list[Any]:
        raise NotImplementedError

    async def put_user(
        self, user_id: str, name: str, metadata: dict[str, Any] | None = None
    ) -> tuple[UserEntry, UserChange]:
        """Add or change a user, and return the row and the change.

        Args:
            user_id: the user.
            name: of the user.
            metadata: fields of `UserMetadata`; those that are not in it keep what is stored.
        """
        encoded = msgspec.json.encode(metadata or {}).decode()
        async with self._connection(REQUEST_TIMEOUT_S) as connection, connection.transaction():
            row = await connection.fetchrow(QUERIES["upsert_user"], user_id, name, encoded)
            version = await connection.fetchval(QUERIES["version_of_user"], user_id)
        return _entry_of(row), UserChange(user_id, version or 0, _metadata_of(row[2:]))

    async def user(self, user_id: str) -> UserEntry | None:
        """A user's row; None if there is none."""
        rows = await self._fetch("user", user_id, within=REQUEST_TIMEOUT_S)
        return _entry_of(rows[0]) if rows else None

    async def users_with_metadata(self) -> tuple[str, list[UserChange]]:
        """A position among the transactions, and all users with metadata, by all that ended before it at least."""
        position = await self._position()
        rows = await self._fetch("users_with_metadata")
        return position, [UserChange(row[0], row[1], _metadata_of(row[2:])) for row in rows]

    async def changed_users(self, after: str) -> tuple[str, list[UserChange]]:
        """The next position among the transactions, and the changes after the position `after`."""
        position = await self._position()
        rows = await self._fetch("changed_users", after)
        return position, [UserChange(row[0], row[1], _metadata_of(row[3:]) if row[2] else None) for row in rows]

    async def _position(self) -> str:
        position: str = (await self._fetch("catalogue_position"))[0][0]
        return position


def _entry_of(row: Sequence[Any]) -> UserEntry:
    metadata = _metadata_of(row[2:])
    return UserEntry(row[0], row[1] or "", *(getattr(metadata, name) for name in USER_FIELDS))


def _metadata_of(columns: Sequence[Any]) -> UserMetadata:
    """Metadata in the form that restrictions compare; another program may have written the columns."""
    known = {name: value for name, value in zip(USER_FIELDS, columns, strict=True) if value is not None}
    for name, value in known.items():
        if isinstance(value, list):
            known[name] = tuple(value)
    if "language" in known:
        known["language"] = known["language"].lower()
    if "country" in known:
        known["country"] = known["country"].upper()
    return UserMetadata(**known)
