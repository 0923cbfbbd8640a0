"""Keeps the metadata of users in memory: of all users who have any, in every worker.

The follower reads the rows with metadata from PostgreSQL once, then the changes, once a second. The worker that writes
a change applies it at once. Changes carry numbers, so that of two changes of a user the later one counts.
"""

from collections.abc import Callable
from typing import Final

from recomind.model.users import ALL_USERS, NO_METADATA, UserChange, UserMetadata
from recomind.stores.archive import Archive

UserListener = Callable[[str], None]
"""Called with the id of a user whose metadata has changed."""

_UNKNOWN: Final = -1, NO_METADATA


class UserFollower:
    """Metadata by user."""

    def __init__(self, archive: Archive) -> None:
        self.listeners: list[UserListener] = []
        self._archive = archive
        self._position: str | None = None
        """Among PostgreSQL's transactions; None before the users have been read."""
        self._known: dict[str, tuple[int, UserMetadata]] = {}
        """Users to the number of their last change and their metadata, for users with metadata or a recent change."""

    def metadata_of(self, user_id: str) -> UserMetadata:
        """A user's metadata; `NO_METADATA` for a user without any."""
        known = self._known.get(user_id)
        return NO_METADATA if known is None else known[1]

    async def follow(self) -> None:
        """Read the users with metadata, and from then on the changes."""
        if self._position is None:
            await self._read_all()
            return
        position, changes = await self._archive.changed_users(self._position)
        if any(change.user_id == ALL_USERS for change in changes):
            await self._read_all()
            return
        for change in changes:
            self.apply(change)
        self._position = position

    def apply(self, change: UserChange) -> None:
        """Apply a change, unless the same or a later one of the user is known."""
        if change.version > self._known.get(change.user_id, _UNKNOWN)[0]:
            self._set(change.user_id, change.version, change.metadata or NO_METADATA)

    async def _read_all(self) -> None:
        """Read all users with metadata; others have none, whatever was known of them."""
        position, found = await self._archive.users_with_metadata()
        present = {change.user_id for change in found}
        for user_id in [user_id for user_id in self._known if user_id not in present]:
            self._set(user_id, self._known[user_id][0], NO_METADATA)
        for change in found:
            self.apply(change)
        self._position = position

    def _set(self, user_id: str, version: int, metadata: UserMetadata) -> None:
        before = self.metadata_of(user_id)
        self._known[user_id] = version, NO_METADATA if metadata == NO_METADATA else metadata
        if metadata != before:
            for notify in self.listeners:
                notify(user_id)
