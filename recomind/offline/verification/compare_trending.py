"""Compare the top lists by window and tag in Redis with lists built from recomputed popularity and the catalogue."""

import asyncio
from collections.abc import Mapping
from time import monotonic, time
from typing import Final, NamedTuple

from recomind.model.ids import Partition
from recomind.model.text import tag_key
from recomind.offline.verification.compare_stores import TTL_MARGIN_S, batches
from recomind.offline.verification.report import Report
from recomind.recommender.index.windowed_top import ALL_TAGS, WindowedTopLists, WindowLists
from recomind.state.popularity import Popularity
from recomind.stores import keys
from recomind.stores.archive import Archive
from recomind.stores.read_model import ReadModel

PUBLICATION_DELAY_S: Final = 10.0
"""How long a difference may last: workers read the catalogue once a second, and publish the lists every two."""

POLL_INTERVAL_S: Final = 0.5


class ListPair(NamedTuple):
    """The lists of a tag."""

    tag: str
    expected: WindowLists | None
    found: WindowLists | None


class TrendingComparison:
    """Compares the lists of partitions and adds differences to a report."""

    def __init__(self, archive: Archive, read_model: ReadModel, report: Report) -> None:
        self._archive = archive
        self._read_model = read_model
        self._report = report

    async def compare(
        self, partition: Partition, popularity: Mapping[str, Popularity], liked_at: Mapping[str, float]
    ) -> None:
        """Compare the lists of a partition.

        Args:
            partition: which.
            popularity: of its videos, recomputed.
            liked_at: when Kafka stored the latest like of each video, epoch seconds.
        """
        deadline = monotonic() + PUBLICATION_DELAY_S
        pairs = await self._pairs(partition, popularity, liked_at)
        while any(one.expected != one.found for one in pairs) and monotonic() < deadline:
            await asyncio.sleep(POLL_INTERVAL_S)
            pairs = await self._pairs(partition, popularity, liked_at)
        for one in pairs:
            self._report.compare("Redis trending", f"{partition}:{one.tag}", one.expected, one.found)

    async def _pairs(
        self, partition: Partition, popularity: Mapping[str, Popularity], liked_at: Mapping[str, float]
    ) -> list[ListPair]:
        """The lists that must be in Redis, or are there, of all tags in the catalogue."""
        lists, latest = WindowedTopLists(), dict[str, float]()
        tags = {ALL_TAGS}
        for video in (await self._archive.all_videos())[1]:
            if not video.is_visible(time()):
                continue
            carried = {tag_key(tag) for tag in video.tags}
            tags |= carried
            if video.video_id in popularity:
                lists.put(video.video_id, popularity[video.video_id], video.tags)
                for tag in (ALL_TAGS, *carried):
                    latest[tag] = max(latest.get(tag, 0.0), liked_at.get(video.video_id, 0.0))
        expected, found = lists.take_changed(), dict[str, WindowLists]()
        for some in batches(sorted(tags)):
            found |= await self._read_model.windowed_top_of(partition, some)
        oldest = time() - keys.WINDOWED_TOP_TTL_S + TTL_MARGIN_S
        required = {tag for tag in expected if latest[tag] > oldest}
        return [ListPair(tag, expected.get(tag), found.get(tag)) for tag in sorted(required | found.keys())]
