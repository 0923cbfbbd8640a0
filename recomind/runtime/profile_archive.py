"""Users' top tags on their way to the archive's table `user_profiles`.

They are added when a user's list is stored, and must be in PostgreSQL before a watermark says so.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from recomind.runtime.write_behind import WriteBehind
from recomind.stores.archive import Archive
from recomind.stores.read_model import STAGE_PROFILE, ReadModel
from recomind.stream.partitioner import partition_of
from recomind.stream.table import Table


class ArchivedProfile(NamedTuple):
    """What the archive keeps of a user who was ranked."""

    top_tags: bytes | None
    """As JSON; None for a user who was erased and has done nothing since."""
    last_at: float
    """Event time of the latest action, epoch seconds."""
    erasure_offset: int
    """As in `Profile`."""


class ProfileArchive(WriteBehind[ArchivedProfile]):
    """Writes top tags, deletes the rows of erased users, and records that this stage of an erasure is complete.

    Values wait here while PostgreSQL is away. Those of partitions that have moved to another worker meanwhile are left
    out: no watermark says that they were stored, so that worker ranks these users again, and has newer values.
    """

    def __init__(
        self, archive: Archive, read_model: ReadModel, partitions: int, tables: Mapping[str, Table[Any]]
    ) -> None:
        """Store nothing yet.

        Args:
            archive: PostgreSQL.
            read_model: Redis.
            partitions: how many there are.
            tables: the worker's tables by name; those of `profiles` are the partitions of users that it owns.
        """
        super().__init__(self._store)
        self._partitions = partitions
        self._tables = tables
        self._archive = archive
        self._read_model = read_model

    async def _store(self, profiles: Mapping[str, ArchivedProfile]) -> None:
        decode, owned = msgspec.json.decode, set(self._tables["profiles"].partitions)
        profiles = {
            user_id: one for user_id, one in profiles.items() if partition_of(user_id, self._partitions) in owned
        }
        rows = [
            (user_id, decode(one.top_tags), one.last_at)
            for user_id, one in profiles.items()
            if one.top_tags is not None
        ]
        if rows:
            await self._archive.put_profiles(rows)
        if len(rows) < len(profiles):
            await self._archive.delete_profiles([user_id for user_id, one in profiles.items() if one.top_tags is None])
        erased = {
            (STAGE_PROFILE, user_id): one.erasure_offset for user_id, one in profiles.items() if one.erasure_offset >= 0
        }
        await self._read_model.put_erasure_progress(erased)
