"""By user, from the refresh queue: rank a list, and store it in the read model and its top tags in the archive.

It runs at the refresh interval. Commits do not wait for it: `recomind.runtime.refresh_queue` says why no action is left
out.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from time import monotonic, time
from typing import Final

from recomind.recommender.candidates.registry import STRATEGIES
from recomind.runtime.app import RecoMindApp
from recomind.runtime.event_loop import yield_to_other_tasks
from recomind.runtime.profile_archive import ArchivedProfile
from recomind.state.profile import Profile
from recomind.stores.list_search import drop_lists
from recomind.stores.stored_lists import StoredList

MIN_BATCH: Final = 16
"""Users whose lists are ranked and stored together, at least."""

MAX_BATCH: Final = 64
"""The same at most: in larger batches, reading and writing costs less for each list."""

BATCHES: Final = 8
"""Number of batches into which pending users are divided, as far as `MIN_BATCH` and `MAX_BATCH` allow."""

LAGGING_TIME_SHARE: Final = 0.1
"""Share of time for ranking while the worker is lagging: most lists would be outdated soon."""


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    refresher = Refresher(app)
    app.timer(app.options.refresh_interval, while_set=app.work_available)(refresher.refresh)


class Refresher:
    """Empties the refresh queue."""

    def __init__(self, app: RecoMindApp) -> None:
        self._app = app
        self._started_at = time()
        """Freshness counts from here at the earliest: while no worker ran, none was late."""
        self._ranking_s = 0.0
        """Seconds of computing that the last batch took."""

    async def refresh(self) -> None:
        """Rank until no refresh is pending."""
        app = self._app
        app.work_available.clear()
        try:
            while app.refresh_queue and app.is_ready:
                await self._refresh_batch()
                if app.backlog.is_lagging():
                    await asyncio.sleep(self._ranking_s * (1 / LAGGING_TIME_SHARE - 1))
        finally:
            if app.refresh_queue:
                app.work_available.set()

    async def _refresh_batch(self) -> None:
        """Rank and store the lists of the users that have been pending longest."""
        app, queue, self._ranking_s = self._app, self._app.refresh_queue, 0.0
        removals = app.ranking_cache.loader.catalogue.removals
        users = queue.next_batch(min(MAX_BATCH, max(MIN_BATCH, len(queue) // BATCHES)))
        try:
            await app.ranking_cache.loader.load(list(users.values()))
            complete = await app.ranking_cache.completer.complete(users)
            lists = {user: await self._rank(user, one) for user, one in complete.items() if not one.is_erased}
            await app.table_writers["profiles"].flush()  # before the lists, so that readers find what a list counts
            await app.read_model.put_lists(lists)
            if app.ranking_cache.loader.catalogue.removals != removals:
                await self._drop_outdated(lists)
            await app.read_model.delete_lists([user_id for user_id, one in users.items() if one.is_erased])
        except BaseException:
            queue.requeue()
            raise
        logged_at = queue.complete()
        for user_id, profile in users.items():
            tags = lists[user_id].top_tags if user_id in lists else None
            app.profile_archive.add(user_id, ArchivedProfile(tags, profile.last_at, profile.erasure_offset))
        self._count(lists)
        now = time()
        for since in logged_at:
            app.metrics.observe_freshness(max(0.0, now - max(since, self._started_at)))

    async def _rank(self, user_id: str, profile: Profile) -> StoredList:
        """A user's list. Other tasks run before it and between its two halves."""
        cache, n = self._app.ranking_cache, self._app.options.slate_size
        await yield_to_other_tasks()
        if cache.is_control(user_id):
            return cache.control_list(user_id, profile, n)
        started = monotonic()
        ranked = cache.rank(profile)
        self._ranking_s += monotonic() - started
        await yield_to_other_tasks()
        started = monotonic()
        stored = cache.serialise(ranked, n)
        self._ranking_s += monotonic() - started
        return stored

    async def _drop_outdated(self, lists: Mapping[str, StoredList]) -> None:
        """Drop lists with videos that were taken down while they were ranked and stored."""
        is_listed = self._app.ranking_cache.loader.catalogue.is_listed
        outdated = [user_id for user_id, stored in lists.items() if not is_listed(stored.meta.video_ids)]
        await drop_lists(self._app.read_model.store, outdated)

    def _count(self, lists: Mapping[str, StoredList]) -> None:
        """Count lists, and their entries by strategy. Entries are grouped by their sources, which few tuples share."""
        self._app.metrics.lists_stored.inc(len(lists))
        entries = Counter(tuple(sources) for stored in lists.values() for sources in stored.meta.sources.values())
        for strategy, names in STRATEGIES.items():
            count = sum(number for sources, number in entries.items() if not set(names).isdisjoint(sources))
            if count:
                self._app.metrics.list_entries.labels(strategy).inc(count)
