"""By partition of users: store the low watermark of the lists, and adopt new partitions by their last owner's.

The invariant and the states of a partition are in `recomind.runtime.refresh_queue`.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from recomind.model.applied_offsets import Watermark, is_behind_watermark
from recomind.model.ids import Partition
from recomind.runtime.app import RecoMindApp
from recomind.runtime.commit import Stage

PROFILES_PER_STEP: Final = 1_000
"""Profiles compared between two iterations of the event loop, and lists read by one command."""


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    watermarks = Watermarks(app)
    app.timer(app.options.trending_interval)(watermarks.store)
    app.commit_steps.register(Stage.WATERMARKS, watermarks.store)


class Watermarks:
    """Stores and reads watermarks."""

    def __init__(self, app: RecoMindApp) -> None:
        self._app = app
        self._adopting = asyncio.Lock()

    async def store(self) -> None:
        """Store the watermarks of all partitions, for their next owners.

        It is also the last step of a commit. After a commit an action is not delivered again, so if its list is still
        pending, its partition must have a watermark, and one at or below the action.
        """
        queue = self._app.refresh_queue
        await self.adopt_partitions()
        watermarks = queue.watermarks()  # before the flush: lists that are stored during it do not count
        await self._app.profile_archive.flush()
        adopted = {partition: both for partition, both in watermarks.items() if queue.adopted(partition)}
        listed = {partition: both.listed for partition, both in adopted.items()}
        current = {partition: both.current for partition, both in adopted.items()}
        await self._app.read_model.put_watermarks(listed, current)

    async def adopt_partitions(self) -> None:
        """Adopt the partitions that are recovered and not adopted yet."""
        table, queue = self._app.state_tables["profiles"], self._app.refresh_queue
        async with self._adopting:
            for partition in [one for one in table.partitions if not queue.adopted(one)]:
                await self._adopt(partition)

    async def _adopt(self, partition: Partition) -> None:
        """Queue users with an action at or above the watermark; without a valid one, users with an outdated list."""
        table, queue = self._app.state_tables["profiles"], self._app.refresh_queue
        is_invalid, watermark = queue.is_watermark_invalid(partition), await self._app.read_model.watermark(partition)
        next_offsets: Watermark = {}
        behind: list[str] = []
        others: list[str] = []
        for number, (user_id, applied) in enumerate(table.applied_offsets(partition)):
            next_offsets.update({one: max(offset + 1, next_offsets.get(one, 0)) for one, offset in applied.items()})
            (behind if watermark is not None and is_behind_watermark(applied, watermark) else others).append(user_id)
            if number % PROFILES_PER_STEP == 0:
                await asyncio.sleep(0)
        if is_invalid or watermark is None:
            behind, watermark = behind + await self._with_outdated_list(partition, others), {}
        if partition in table.partitions and is_invalid == queue.is_watermark_invalid(partition):
            profiles = {user_id: table[partition, user_id] for user_id in behind}
            queue.adopt(partition, profiles, watermark, next_offsets)

    async def _with_outdated_list(self, partition: Partition, user_ids: Sequence[str]) -> list[str]:
        """Users whose list counts less than their profile, and erased users. A user without a list is not pending."""
        found: list[str] = []
        table = self._app.state_tables["profiles"]
        for start in range(0, len(user_ids), PROFILES_PER_STEP):
            some = user_ids[start : start + PROFILES_PER_STEP]
            counted = await self._app.read_model.list_offsets(some)
            if partition not in table.partitions:
                break
            found += [one for one, offsets in counted.items() if offsets != table[partition, one].applied_offsets]
            found += [one for one in some if table[partition, one].is_erased]
        return found
