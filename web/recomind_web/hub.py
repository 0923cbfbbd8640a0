"""Who is watching which list on this worker, and the news that wakes them.

One subscription to Redis a worker, not one a page: every list that is written, by whichever worker, is told on one
channel, and those who watch it here make themselves a new answer. While Redis is away they ask again and again. While
nobody watches a worker does not listen: what all workers write together is much to hear for each of them.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import aclosing, contextmanager, suppress
from typing import Final

from aiohttp import web
from mode.utils.logging import get_logger

from recomind.errors import UnavailableError
from recomind.stores.read_model import ReadModel

logger = get_logger(__name__)

HUB: Final[web.AppKey["Hub"]] = web.AppKey("hub")

POLL: Final = 3.0
"""Seconds between looks at a list while Redis is away."""

RETRY: Final = 1.0
"""Seconds between attempts to listen again."""


class Hub:
    """Wakes those who watch a list when it has been written."""

    def __init__(self, read_model: ReadModel, limit: int) -> None:
        self.away = False
        """Whether Redis cannot be listened to now."""
        self.closing = False
        self._read_model = read_model
        self._limit = limit
        self._watching: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._is_watched = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None

    async def start(self, _: web.Application) -> None:
        """Listen from now on, whenever somebody watches."""
        self._listening = asyncio.create_task(self._listen())

    async def stop(self, _: web.Application) -> None:
        """Let every open stream end, and listen no more."""
        self.closing = True
        self._wake(list(self._watching))
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening

    @property
    def size(self) -> int:
        """How many streams are open."""
        return sum(map(len, self._watching.values()))

    @contextmanager
    def watch(self, name: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever the list of this name has been written.

        Raises:
            UnavailableError: as many streams are open as the settings allow.
        """
        if self.closing or self.size >= self._limit:
            raise UnavailableError("this worker", RuntimeError(f"{self.size} streams are open, the most it serves"))
        news = asyncio.Event()
        self._watching[name].add(news)
        self._is_watched.set()
        try:
            yield news
        finally:
            self._watching[name].discard(news)
            if not self._watching[name]:
                del self._watching[name]

    async def _listen(self) -> None:
        while True:
            await self._is_watched.wait()
            try:
                await self._hear()
            except UnavailableError as error:
                if not self.away:
                    logger.warning("pages are served by polling: %s", error)
                self.away = True
                self._wake(list(self._watching))
                await asyncio.sleep(RETRY)

    async def _hear(self) -> None:
        """Wake those who watch; return once a list is written and nobody does."""
        async with aclosing(self._read_model.written()) as news:
            async for written in news:
                if not written:  # listening has begun: what was written before is news, too
                    self.away = False
                self._wake(written or list(self._watching))
                if not self._watching:
                    self._is_watched.clear()
                    break

    def _wake(self, names: list[str]) -> None:
        for name in names:
            for news in self._watching.get(name, ()):
                news.set()
