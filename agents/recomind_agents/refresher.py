"""By user, from the refresh queue: rank lists for those who look, drop outdated ones of others and rank them later.

A list is stored in the read model and its top tags in the archive. Where an outdated list is dropped, top tags are
stored all the same; the next request ranks a list, or this agent does when it is idle.

It runs at the refresh interval. Commits do not wait for it: `recomind.runtime.refresh_queue` says why no action is left
out.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from itertools import islice
from time import monotonic, time
from typing import Final

import msgspec

from recomind.recommender.candidates.registry import STRATEGIES
from recomind.recommender.candidates.tags import top_tags
from recomind.recommender.policy.policy import ListRequest
from recomind.runtime.app import RecoMindApp
from recomind.runtime.event_loop import yield_to_other_tasks
from recomind.runtime.idle_time import IdleTime
from recomind.runtime.profile_archive import ArchivedProfile
from recomind.runtime.refresh_queue import Priority
from recomind.state.profile import Profile
from recomind.stores.list_search import drop_lists
from recomind.stores.stored_lists import StoredList

MIN_BATCH: Final = 16
"""Users whose lists are ranked and stored together, at least."""

MAX_BATCH: Final = 64
"""The same at most: in larger batches, reading and writing costs less for each list."""

BATCHES: Final = 8
"""Number of batches into which pending users are divided, as far as `MIN_BATCH` and `MAX_BATCH` allow."""

IDLE_BATCH: Final = 8
"""Users whose lists are ranked together when nobody waits: one who looks waits for no more than these."""

DROP_BATCH: Final = 200
"""Users whose outdated lists are dropped together."""

TAGS_PER_STEP: Final = 16
"""Users whose top tags are derived between two iterations of the event loop."""

LAGGING_TIME_SHARES: Final = {Priority.DUE: 0.5, Priority.OUTDATED: 0.1, Priority.PRESENT: 0.1, Priority.ABSENT: 0.02}
"""Share of time for each kind of work while the worker is lagging: most lists would be outdated soon."""


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    refresher = Refresher(app)
    app.timer(app.options.refresh_interval, while_set=app.work_available)(refresher.refresh)


class Refresher:
    """Empties the refresh queue."""

    def __init__(self, app: RecoMindApp) -> None:
        self._app = app
        self._idle_time = IdleTime()
        self._started_at = time()
        """Freshness counts from here at the earliest: while no worker ran, none was late."""
        self._computed_s = 0.0
        """Seconds of computing that the last batch took."""

    async def refresh(self) -> None:
        """Work until no refresh is pending."""
        app = self._app
        app.work_available.clear()
        try:
            while app.is_ready and (priority := app.refresh_queue.first_priority) is not None:
                await self.work(priority)
                await self._pause(priority)
        finally:
            if app.refresh_queue:
                app.work_available.set()

    async def work(self, priority: Priority) -> None:
        """Rank lists, or drop outdated ones, for the users that have been pending longest with a priority."""
        self._computed_s = 0.0
        await (self._drop_batch() if priority is Priority.OUTDATED else self._rank_batch(priority))

    async def _pause(self, priority: Priority) -> None:
        """Pause between two batches, as long as nobody waits for work of a higher priority."""
        app, queue = self._app, self._app.refresh_queue
        if app.backlog.is_lagging():
            seconds = self._computed_s * (1 / LAGGING_TIME_SHARES[priority] - 1)
        else:
            seconds = self._idle_time.pause_after(self._computed_s) if priority >= Priority.PRESENT else 0.0
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0 and ((first := queue.first_priority) is None or first >= priority):
            app.work_available.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await app.work_available.wait()

    async def _rank_batch(self, priority: Priority) -> None:
        """Rank and store lists."""
        app, queue, removals = self._app, self._app.refresh_queue, self._app.ranking_cache.loader.catalogue.removals
        most = IDLE_BATCH if priority >= Priority.PRESENT else max(MIN_BATCH, len(queue) // BATCHES)
        users = queue.next_batch(priority, min(MAX_BATCH, most))
        try:
            await app.table_writers["profiles"].flush()  # before lists, so that readers find what a list counts
            to_rank = await self._without_current_list(users)
            await app.ranking_cache.loader.load(list(to_rank.values()))
            complete = await app.ranking_cache.completer.complete(to_rank)
            lists = {user_id: await self._rank(user_id, one) for user_id, one in complete.items()}
            await app.read_model.put_lists(lists)
            if app.ranking_cache.loader.catalogue.removals != removals:
                await self._drop_lists_with_removed(lists)
            await app.read_model.delete_lists([user_id for user_id, one in users.items() if one.is_erased])
        except BaseException:
            queue.requeue()
            raise
        done = {user_id: one for user_id, one in users.items() if user_id in lists or one.is_erased}
        self._complete(done, {user_id: stored.top_tags for user_id, stored in lists.items()})
        for user_id in lists:
            app.served_window.presence.note_list(user_id)
        self._count(lists)

    async def _without_current_list(self, users: Mapping[str, Profile]) -> dict[str, Profile]:
        """Those to rank: not the erased ones, nor those for whom a request has ranked a list that counts all."""
        dropped = self._app.refresh_queue.dropped_in_work
        stored = await self._app.read_model.list_offsets(dropped) if dropped else {}
        current = {user_id for user_id, offsets in stored.items() if offsets == users[user_id].applied_offsets}
        return {user_id: one for user_id, one in users.items() if not one.is_erased and user_id not in current}

    async def _drop_batch(self) -> None:
        """Drop outdated lists, and store top tags."""
        app, queue = self._app, self._app.refresh_queue
        users = queue.next_batch(Priority.OUTDATED, DROP_BATCH)
        erased = [user_id for user_id, one in users.items() if one.is_erased]
        try:
            await app.table_writers["profiles"].flush()  # before, so that a request ranks from what a list has to count
            await app.read_model.drop_lists([user_id for user_id, one in users.items() if not one.is_erased])
            await app.read_model.delete_lists(erased)
            tags = await self._top_tags({user_id: one for user_id, one in users.items() if not one.is_erased})
            await app.read_model.put_top_tags(tags)
        except BaseException:
            queue.requeue()
            raise
        self._complete(users, tags)

    async def _top_tags(self, users: Mapping[str, Profile]) -> dict[str, bytes]:
        """Users' top tags as JSON. Other tasks run between some of them."""
        index, tags = self._app.ranking_cache.index, dict[str, bytes]()
        rest = iter(users.items())
        while some := list(islice(rest, TAGS_PER_STEP)):
            await yield_to_other_tasks()
            started = monotonic()
            for user_id, profile in some:
                tags[user_id] = msgspec.json.encode([tag for tag, _ in top_tags(profile, index)])
            self._computed_s += monotonic() - started
        return tags

    async def _rank(self, user_id: str, profile: Profile) -> StoredList:
        """A user's list. Other tasks run before it and between its two halves."""
        cache, n = self._app.ranking_cache, self._app.options.slate_size
        await yield_to_other_tasks()
        started = monotonic()
        asked = ListRequest(user_id)
        if cache.is_control(user_id):
            stored = cache.control_list(user_id, profile, n, cache.policy(asked))
        else:
            ranked = cache.rank(profile, cache.policy(asked), cache.local_of(asked, profile))
            self._computed_s += monotonic() - started
            await yield_to_other_tasks()
            started = monotonic()
            stored = cache.serialise(ranked, n)
        self._computed_s += monotonic() - started
        return stored

    async def _drop_lists_with_removed(self, lists: Mapping[str, StoredList]) -> None:
        """Drop lists with videos that were taken down while they were ranked and stored."""
        is_listed = self._app.ranking_cache.loader.catalogue.is_listed
        removed = [user_id for user_id, stored in lists.items() if not is_listed(stored.meta.video_ids)]
        await drop_lists(self._app.read_model.store, removed)

    def _complete(self, users: Mapping[str, Profile], tags: Mapping[str, bytes]) -> None:
        """End the work; the archive gets the top tags of these users, and loses those of the erased ones."""
        app, now = self._app, time()
        logged_at = app.refresh_queue.complete()
        for user_id, profile in users.items():
            archived = ArchivedProfile(tags.get(user_id), profile.last_at, profile.erasure_offset)
            app.profile_archive.add(user_id, archived)
        for since in logged_at:
            app.metrics.observe_freshness(max(0.0, now - max(since, self._started_at)))

    def _count(self, lists: Mapping[str, StoredList]) -> None:
        """Count lists, and their entries by strategy. Entries are grouped by their sources, which few tuples share."""
        self._app.metrics.lists_stored.inc(len(lists))
        entries = Counter(tuple(sources) for stored in lists.values() for sources in stored.meta.sources.values())
        for strategy, names in STRATEGIES.items():
            count = sum(number for sources, number in entries.items() if not set(names).isdisjoint(sources))
            if count:
                self._app.metrics.list_entries.labels(strategy).inc(count)
