"""Notifies the streams that are open on this worker when a list that they show has been written.

A worker has one Redis subscription, not one for each stream. Every write of a list, by any worker, is published on
one channel; the hub notifies the streams that watch this list. While Redis is unavailable, streams poll instead. While
no stream is open, the worker does not subscribe: the channel carries the writes of all workers.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import aclosing, contextmanager, suppress
from typing import Final

from aiohttp import web
from mode.utils.logging import get_logger

from recomind.errors import UnavailableError
from recomind.model.catalogue import Video
from recomind.stores.ranking_cache import RankingCache
from recomind.stores.read_model import ReadModel

logger = get_logger(__name__)

HUB_KEY: Final[web.AppKey["Hub"]] = web.AppKey("hub")

POLL_INTERVAL_S: Final = 3.0
"""Seconds between two reads of a list while Redis is unavailable."""

RETURN_DELAY_S: Final = 0.5
"""Seconds until streams are notified that videos have returned: each has its list ranked then, once for all of them."""

RETRY_DELAY_S: Final = 1.0
"""Seconds between two attempts to subscribe."""


class Hub:
    """Notifies streams of writes of the lists that they watch."""

    def __init__(self, read_model: ReadModel, max_streams: int) -> None:
        self.is_disconnected = False
        """Whether the subscription to Redis has failed."""
        self.is_closing = False
        self._read_model = read_model
        self._max_streams = max_streams
        self._watchers: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._has_watchers = asyncio.Event()
        self._has_changes = False
        """Whether streams are about to be notified of changes of the catalogue."""
        self._has_returns = False
        """Whether streams are about to be notified that videos are in lists again."""
        self._listener: asyncio.Task[None] | None = None

    def follow(self, cache: RankingCache) -> None:
        """Notify streams of what changes in the worker's ranking cache."""
        catalogue = cache.loader.catalogue
        catalogue.listeners.append(self.note_catalogue_change)
        catalogue.takedowns.listeners.append(self.note_change)
        catalogue.returned.listeners.append(self.note_return)
        for book in (cache.rules, cache.experiments):
            book.listeners.append(self.note_change)
        cache.users.listeners.append(self.note_user_change)

    async def start(self, _: web.Application) -> None:
        """Start the task that subscribes to Redis whenever a stream is open."""
        self._listener = asyncio.create_task(self._listen())

    async def stop(self, _: web.Application) -> None:
        """End all streams and stop the subscription."""
        self.is_closing = True
        self._notify(list(self._watchers))
        if self._listener is not None:
            self._listener.cancel()
            with suppress(asyncio.CancelledError):
                await self._listener

    @property
    def open_streams(self) -> int:
        """The number of open streams."""
        return sum(map(len, self._watchers.values()))

    @contextmanager
    def watch(self, name: str) -> Iterator[asyncio.Event]:
        """Yield an event that is set whenever the list called `name` has been written.

        Raises:
            UnavailableError: the worker is stopping, or has as many streams as the settings allow.
        """
        if self.is_closing or self.open_streams >= self._max_streams:
            reason = f"{self.open_streams} streams are open: the limit is reached, or the worker is stopping"
            raise UnavailableError("this worker", RuntimeError(reason))
        written = asyncio.Event()
        self._watchers[name].add(written)
        self._has_watchers.set()
        try:
            yield written
        finally:
            self._watchers[name].discard(written)
            if not self._watchers[name]:
                del self._watchers[name]

    async def _listen(self) -> None:
        while True:
            await self._has_watchers.wait()
            try:
                await self._relay_writes()
            except UnavailableError as error:
                if not self.is_disconnected:
                    logger.warning("subscription to list updates failed, open streams poll instead: %s", error)
                self.is_disconnected = True
                self._notify(list(self._watchers))
                await asyncio.sleep(RETRY_DELAY_S)

    async def _relay_writes(self) -> None:
        """Subscribe and notify watchers; return on the first write after the last watcher has gone."""
        async with aclosing(self._read_model.list_updates()) as batches:
            async for names in batches:
                if not names:  # subscribed just now: any list may have been written before
                    self.is_disconnected = False
                self._notify(names or list(self._watchers))
                if not self._watchers:
                    self._has_watchers.clear()
                    break

    def note_catalogue_change(self, video_id: str, before: Video | None, after: Video | None) -> None:
        """Notify all streams that a video which they may show was taken down, or is described otherwise."""
        if before is not None:
            self.note_change()

    def note_return(self) -> None:
        """Notify all streams that a video is in lists again, a moment later."""
        if self._watchers and not self._has_returns:
            self._has_returns = True
            asyncio.get_running_loop().call_later(RETURN_DELAY_S, self._notify_of_returns)

    def note_change(self) -> None:
        """Notify all streams that other rules act, other experiments run, or videos were taken down or described."""
        if self._watchers and not self._has_changes:
            self._has_changes = True  # many changes are applied in a row
            asyncio.get_running_loop().call_soon(self._notify_of_changes)

    def note_user_change(self, user_id: str) -> None:
        """Notify the streams of a user that something else may be shown to them."""
        self._notify([user_id])

    def _notify_of_changes(self) -> None:
        self._has_changes = False
        self._notify(list(self._watchers))

    def _notify_of_returns(self) -> None:
        self._has_returns = False
        self._notify(list(self._watchers))

    def _notify(self, names: list[str]) -> None:
        for name in names:
            for written in self._watchers.get(name, ()):
                written.set()
