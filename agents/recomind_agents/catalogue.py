"""The catalogue: follow it, take down what is hidden, deleted or has expired, and report how far this worker has come.

A change acts on this worker's rankings as soon as it is applied to the index, and handlers leave out videos that are
not listed. What is stored follows: each owner publishes the top lists of its partitions, and the leader publishes
trending and searches stored lists. It searches again once all workers have applied the change, since one of them may
have stored a list meanwhile, and once more a while later, for changes that do not come by the topic.
"""

import asyncio
import os
import socket
from collections.abc import Iterable
from time import monotonic
from typing import Final

from recomind.model.catalogue import Video
from recomind.model.ids import Partition
from recomind.runtime.app import RecoMindApp
from recomind.stores import catalogue_progress, list_search
from recomind.stores.catalogue_progress import FollowerReport, has_reached, pending_workers

REPORT_INTERVAL_S: Final = 1.0
"""Longest time between two reports."""

SEARCH_INTERVAL_S: Final = 0.1
"""Time between two checks whether all workers have applied a change."""

LAST_SEARCH_DELAY_S: Final = 5.0
"""Time after a change by which every list that was ranked before it has been stored."""

MAX_VIDEOS_PER_SEARCH: Final = 50
"""Videos that are searched for together; Redis is busy for longer with more."""


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    follower, processor = app.ranking_cache.loader.catalogue, TakedownProcessor(app)
    follower.listeners.append(processor.note)
    follower.returned.listeners.append(processor.note_return)

    async def report_advance() -> None:
        app.catalogue_stream.advanced.clear()
        await processor.report()

    app.task(app.catalogue_stream.run)
    app.schedule.follow_log_time(follower.expire, app.kafka_producer.clock.now)
    app.timer(app.options.trending_interval)(follower.follow)
    app.timer(REPORT_INTERVAL_S)(processor.report)
    app.timer(SEARCH_INTERVAL_S / 2, while_set=app.catalogue_stream.advanced)(report_advance)
    app.timer(SEARCH_INTERVAL_S / 2, while_set=processor.has_removed)(processor.remove)
    app.timer(SEARCH_INTERVAL_S)(processor.search_again)


class TakedownProcessor:
    """Removes stored lists with videos that were taken down. Only the leader's acts; others keep track to take over."""

    def __init__(self, app: RecoMindApp) -> None:
        self.has_removed = asyncio.Event()
        """Set when videos were taken down, or have returned."""
        self._app = app
        self._worker = f"{socket.gethostname()}:{os.getpid()}"
        self._removed: set[str] = set()
        """Taken down since the last call of `remove`."""
        self._unconfirmed: dict[str, dict[Partition, int]] = {}
        """Taken down, to positions that all workers have to reach before lists are searched again."""
        self._last_search_at: dict[str, float] = {}
        """Taken down, to the time of its last search (`monotonic`)."""
        self._searched: dict[Partition, int] = {}
        """Partition of `video_catalogue` to the offset before which stored lists have been searched for each change."""
        self._was_leader = False
        """Whether this worker was the leader at the last check."""

    def note(self, video_id: str, before: Video | None, after: Video | None) -> None:
        """Note that a video was taken down, or has another entry."""
        if before is not None:
            self._app.ranking_cache.new_user_lists.clear()
        if after is None:
            self._removed.add(video_id)
            self.has_removed.set()

    def note_return(self) -> None:
        """Note that a video is in lists again. Users' stored lists are ranked again when they are asked for."""
        self._app.ranking_cache.new_user_lists.clear()
        self.has_removed.set()

    async def remove(self) -> None:
        """Take the latest removed videos out of what is stored."""
        self.has_removed.clear()
        removed, self._removed = self._removed, set()
        reached, at = dict(self._app.catalogue_stream.positions), monotonic() + LAST_SEARCH_DELAY_S
        self._unconfirmed |= dict.fromkeys(removed, reached)
        self._last_search_at |= dict.fromkeys(removed, at)
        if self._app.assignment.is_leader:
            await self._app.read_model.put_popular_videos(
                self._app.ranking_cache.trending_json(self._app.options.slate_size)
            )
            await self._drop_lists_with(removed)

    async def search_again(self) -> None:
        """Search stored lists once all workers have applied what this one has; forget what cannot be stored again."""
        reached, is_leader = dict(self._app.catalogue_stream.positions), self._app.assignment.is_leader
        if is_leader and not self._was_leader:
            await self._drop_lists_with_unlisted()
        self._was_leader = is_leader
        if is_leader and not has_reached(self._searched, reached) and not self._removed:
            await self._search_confirmed(reached)
        now = monotonic()
        due = [video_id for video_id, at in self._last_search_at.items() if at <= now]
        if due and is_leader:
            await self._drop_lists_with(due)
        for video_id in due:
            del self._last_search_at[video_id]
            if not is_leader:
                self._unconfirmed.pop(video_id, None)

    async def report(self) -> None:
        """Report what this worker has applied, and exchange with the others which videos have returned."""
        app = self._app
        owned, positions = tuple(sorted(app.assignment.partitions)), dict(app.catalogue_stream.positions)
        searched = self._searched if app.assignment.is_leader else {}
        report = FollowerReport(self._worker, app.assignment.generation, owned, positions, searched)
        await catalogue_progress.publish(app.read_model.store, report)
        await app.ranking_cache.loader.catalogue.returned.exchange(app.read_model.store)

    async def _search_confirmed(self, reached: dict[Partition, int]) -> None:
        store, partitions = self._app.read_model.store, self._app.options.partitions
        waiting = {one: positions for one, positions in self._unconfirmed.items() if has_reached(reached, positions)}
        if pending_workers(await catalogue_progress.read(store), reached, partitions):
            return
        await self._drop_lists_with(waiting)
        for video_id, positions in waiting.items():
            if self._unconfirmed.get(video_id) is positions:
                del self._unconfirmed[video_id]
        self._searched = reached
        await self.report()

    async def _drop_lists_with(self, video_ids: Iterable[str]) -> None:
        """Drop the stored lists that hold a video, unless it is listed again."""
        listed, store = self._app.ranking_cache.index.summaries, self._app.read_model.store
        wanted = sorted(video_id for video_id in video_ids if video_id not in listed)
        for start in range(0, len(wanted), MAX_VIDEOS_PER_SEARCH):
            async for user_ids in list_search.users_with(store, wanted[start : start + MAX_VIDEOS_PER_SEARCH]):
                await list_search.drop_lists(store, user_ids)

    async def _drop_lists_with_unlisted(self) -> None:
        """Drop all lists that hold a video which is not listed: another leader may not have come to them."""
        cache, store = self._app.ranking_cache, self._app.read_model.store
        async for lists in list_search.stored_lists(store):
            stale = [user_id for user_id, videos in lists.items() if not cache.is_listed(videos)]
            await list_search.drop_lists(store, stale)
            await asyncio.sleep(0)
