"""Factors of tags and creators and the common bias: summed by the owners of video partitions, exchanged over Redis.

A partition's sums hold what the outcomes of its videos have added. Every worker adds up the sums of all partitions;
increments may be added in any order. They are stored every `EXCHANGE_INTERVAL_S`, and read again by the worker that
takes the partition over. A worker that is killed loses what it has added since: this is learned, not counted.
"""

from collections.abc import Mapping, Set
from typing import Final

import numpy as np

from recomind.model.ids import Partition, all_partitions
from recomind.model.text import tag_key
from recomind.recommender.factors import increments
from recomind.recommender.factors.gaussians import WIDTH, Singles
from recomind.recommender.index.video_index import VideoIndex
from recomind.state.factor_sums import are_valid
from recomind.stores.read_model import ReadModel

EXCHANGE_INTERVAL_S: Final = 1.0

COMMON: Final = "b"
"""Name of the common bias; a tag's is `t:` and the tag, a creator's `c:` and the id."""

Sums = dict[str, Singles]
"""Name to sums of increments, shape (2, WIDTH)."""


class SharedFactors:
    """The sums of this worker's partitions."""

    def __init__(self, index: VideoIndex, read_model: ReadModel, partitions: int) -> None:
        self._index = index
        self._read_model = read_model
        self._partitions = partitions
        self._sums: dict[Partition, Sums] = {}
        """Partition to its sums; only partitions whose stored sums have been read."""
        self._changed: set[Partition] = set()

    def add(self, partition: Partition, video_id: str, packed: bytes) -> None:
        """Add the increments of a signal to a partition's sums, unless the video's tags have changed since."""
        index, row = self._index, self._index.rows.get(video_id)
        if row is None or not are_valid(packed):
            return
        added, rows = increments.unpack(packed), index.factors.rows_of(row)
        video = index.videos.get(row)
        if video is None or added.tags.shape[1] != len(rows.tags):
            return
        sums = self._sums.setdefault(partition, {})
        for position, tag in enumerate(rows.tags.tolist()):
            _add(sums, f"t:{tag_key(index.tag_names[tag])}", added.tags[:, position])
        if video.creator_id is not None:
            _add(sums, f"c:{video.creator_id}", added.creator)
        _add(sums, COMMON, added.common)
        self._changed.add(partition)

    def retain_partitions(self, partitions: Set[Partition]) -> None:
        """Drop the sums of all other partitions."""
        self._sums = {one: sums for one, sums in self._sums.items() if one in partitions}
        self._changed &= partitions

    async def adopt(self, partition: Partition) -> None:
        """Add the stored sums of a partition that this worker has taken over."""
        stored = (await self._read_model.shared_factors([partition])).get(partition, {})
        sums = self._sums.setdefault(partition, {})
        for name, values in decode(stored).items():
            _add(sums, name, values)

    async def exchange(self) -> None:
        """Store the sums that have changed, and set the index to the sums of all partitions."""
        changed, self._changed = self._changed, set()
        await self._read_model.put_shared_factors({one: encode(self._sums[one]) for one in changed})
        everything = await self._read_model.shared_factors(all_partitions(self._partitions))
        total: Sums = {}
        for partition, stored in everything.items():
            for name, values in (self._sums.get(partition) or decode(stored)).items():
                _add(total, name, values)
        self._apply(total)

    def _apply(self, total: Sums) -> None:
        index = self._index
        for name, sums in total.items():
            kind, _, key = name.partition(":")
            if kind == "t" and key in index.tag_rows:
                index.factors.tags.put(index.tag_rows[key], sums)
            elif kind == "c" and key in index.creator_rows:
                index.factors.creators.put(index.creator_rows[key], sums)
            elif name == COMMON:
                index.factors.common.put(0, sums)


def encode(sums: Sums) -> dict[str, bytes]:
    """Sums as they are stored: single floats."""
    return {name: values.astype("<f4").tobytes() for name, values in sums.items()}


def decode(stored: Mapping[str, bytes]) -> Sums:
    """Sums from what is stored."""
    return {name: np.frombuffer(values, "<f4").reshape(2, WIDTH) for name, values in stored.items()}


def _add(sums: Sums, name: str, added: Singles) -> None:
    known = sums.get(name)
    sums[name] = added.copy() if known is None else known + added
