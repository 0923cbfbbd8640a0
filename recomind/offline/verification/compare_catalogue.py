"""Check that no list in Redis holds a video that is hidden, has expired or was deleted."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from itertools import chain
from time import monotonic, time
from typing import Final

import msgspec

from recomind.model.ids import Partition
from recomind.offline.verification.report import Report
from recomind.recommender.index.windowed_top import WindowLists
from recomind.stores import keys, list_search
from recomind.stores.archive import Archive
from recomind.stores.read_model import ReadModel
from recomind.stores.stored_lists import ids_in

STORE: Final = "visible videos in Redis"
"""What the report calls these comparisons."""

REMOVAL_DELAY_S: Final = 10.0
"""How long a video may stay that was taken down just now, by another way than the API."""

POLL_INTERVAL_S: Final = 0.5

_WINDOWED_TOP_KEY: Final = re.compile(re.escape(keys.windowed_top(Partition(0), "")).replace("0", r"\d+"))
"""Version 0.1.0 had keys without a tag, which nobody reads any more."""

_decode_windows: Final = msgspec.msgpack.Decoder(WindowLists).decode


class CatalogueComparison:
    """Compares the videos in lists with the catalogue, and adds differences to a report."""

    def __init__(self, archive: Archive, read_model: ReadModel, report: Report) -> None:
        self._archive = archive
        self._read_model = read_model
        self._report = report

    async def compare(self) -> None:
        """Compare all lists."""
        deadline = monotonic() + REMOVAL_DELAY_S
        invisible = await self._invisible()
        while any(invisible.values()) and monotonic() < deadline:
            await asyncio.sleep(POLL_INTERVAL_S)
            invisible = await self._invisible()
        for key, video_ids in invisible.items():
            self._report.compare(STORE, key, [], video_ids)

    async def _invisible(self) -> dict[str, list[str]]:
        """Redis key of each list to those of its videos that may not be shown."""
        found = [(key, list(ids)) async for key, ids in self._lists()]
        now = time()  # the catalogue is read after the lists: a new video may be in them at once
        visible = {video.video_id for video in (await self._archive.all_videos())[1] if video.is_visible(now)}
        return {key: sorted(set(ids) - visible) for key, ids in found}

    async def _lists(self) -> AsyncIterator[tuple[str, Iterable[str]]]:
        """Redis keys of lists, and the ids of their videos."""
        popular = await self._read_model.popular_videos()
        if popular is not None:
            yield keys.POPULAR_VIDEOS, ids_in(popular)
        async for lists in list_search.stored_lists(self._read_model.store):
            for user_id, videos in lists.items():
                yield keys.recommendations(user_id), ids_in(videos)
        keyed = [name async for name in self._read_model.store.scan_keys("trending:")]
        names = [name for name in keyed if _WINDOWED_TOP_KEY.match(name)]
        for name, value in zip(names, await self._read_model.store.get_many(names), strict=True):
            if value is not None:
                yield name, [video_id for video_id, _ in chain.from_iterable(_decode_windows(value).values())]
