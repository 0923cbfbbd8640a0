"""Impressions of each video in the last 24 hours, and the coverage of the catalogue and of new uploads.

In a large catalogue a sample is counted: the videos whose hash ends with some zero bits. All workers count the same
sample, so counts of a video add up. Up to `MAX_VIDEOS` videos the count is exact.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from recomind.model.ids import Partition
from recomind.recommender.index.video_index import VideoIndex
from recomind.state.fingerprints import video_hash

MAX_VIDEOS: Final = 16_384
"""Catalogues with more videos are sampled."""

SEEN_IMPRESSIONS: Final = 20
"""A new upload counts as seen after this many impressions."""

DAY_S: Final = 86_400.0

Impressions = NDArray[np.void]
"""A row a video, with the fields of `_ROW`."""

_ROW: Final = np.dtype([("hash", "<u4"), ("shown", "<u4"), ("minute", "<u4")])


class CatalogueFigures(msgspec.Struct, frozen=True):
    """What the users of all workers were shown of the catalogue in the last 24 hours."""

    videos: int
    """Videos in the catalogue."""
    coverage: float | None
    """Share of them that was shown to anybody; null without videos."""
    new_videos: int
    """Videos that were uploaded in the last 24 hours."""
    new_videos_seen: float | None
    """Share of them that was shown at least 20 times; null without new videos."""


class VideoImpressions:
    """Impressions of videos by the users of each partition."""

    def __init__(self) -> None:
        self.changed: set[Partition] = set()
        """Partitions whose impressions have changed since they were stored."""
        self.mask = 0
        """Only videos whose hash has none of these bits are counted."""
        self._shown: defaultdict[int, dict[int, list[int]]] = defaultdict(dict)
        """Partition to hash to impressions and the minute since 1970 of the latest one."""

    def add(self, partition: Partition, video_ids: Iterable[str], at: float) -> None:
        """Count videos that were shown at a time, epoch seconds."""
        shown, minute, mask = self._shown[partition], int(at // 60), self.mask
        for hash_ in map(video_hash, video_ids):
            if hash_ & mask:
                continue
            known = shown.get(hash_)
            if known is None:
                shown[hash_] = [1, minute]
            else:
                known[0], known[1] = known[0] + 1, max(minute, known[1])
        self.changed.add(partition)

    def fit_sample(self, videos: int, now: float) -> None:
        """Adapt the sample to the size of the catalogue, and drop videos that were not shown for a day."""
        self.mask, oldest = sample_mask(videos), int((now - DAY_S) // 60)
        for partition, shown in self._shown.items():
            retained = {one: some for one, some in shown.items() if some[1] > oldest and not one & self.mask}
            self._shown[partition] = retained

    def retain_partitions(self, partitions: Set[Partition]) -> None:
        """Drop all other partitions."""
        for partition in self._shown.keys() - partitions:
            del self._shown[partition]
        self.changed &= partitions

    def adopt(self, partition: Partition, packed: bytes) -> None:
        """Add the impressions that another worker has stored."""
        shown = self._shown[partition]
        for hash_, count, minute in unpacked(packed).tolist():
            known = shown.get(hash_, (0, 0))
            shown[hash_] = [known[0] + count, max(known[1], minute)]

    def packed(self, partition: Partition) -> bytes:
        """The impressions of a partition in their stored form."""
        rows = [(hash_, *some) for hash_, some in self._shown[partition].items()]
        packed: bytes = np.array(rows, _ROW).tobytes()
        return packed


def sample_mask(videos: int) -> int:
    """The bits that must be zero in the hash of a counted video, for a catalogue of this size.

    >>> sample_mask(16_384), sample_mask(16_385), sample_mask(100_000)
    (0, 1, 7)
    """
    return (1 << max(0, (max(1, videos) - 1) // MAX_VIDEOS).bit_length()) - 1


def unpacked(packed: bytes) -> Impressions:
    """Impressions from bytes."""
    return np.frombuffer(packed, _ROW)


def catalogue_figures(index: VideoIndex, parts: Sequence[bytes], now: float) -> CatalogueFigures:
    """The figures of all partitions together.

    Args:
        index: of all videos.
        parts: the impressions of each partition.
        now: epoch seconds.
    """
    columns, size = index.columns, index.size
    listed, mask = columns.listed[:size], sample_mask(int(columns.listed[:size].sum()))
    counted = np.flatnonzero(listed & (columns.hash[:size] & mask == 0))
    stored = np.concatenate([np.empty(0, _ROW), *map(unpacked, parts)])
    stored = stored[stored["minute"] > (now - DAY_S) // 60]
    hashes, inverse = np.unique(stored["hash"], return_inverse=True)
    shown = dict(zip(hashes.tolist(), np.bincount(inverse, stored["shown"], len(hashes)).tolist(), strict=True))
    impressions = _looked_up(shown, columns.hash[counted])
    is_new = (columns.created_at[counted] > now - DAY_S) & (columns.created_at[counted] <= now)
    return CatalogueFigures(
        int(listed.sum()),
        _share(impressions > 0),
        int((listed & (columns.created_at[:size] > now - DAY_S) & (columns.created_at[:size] <= now)).sum()),
        _share(impressions[is_new] >= SEEN_IMPRESSIONS),
    )


def _looked_up(values: Mapping[int, float], hashes: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.array([values.get(one, 0.0) for one in hashes.tolist()])


def _share(flags: NDArray[np.bool_]) -> float | None:
    return round(float(flags.mean()), 4) if len(flags) else None
