"""What was shown and what came of it, in Redis, by partition: counts, and bytes whose form `recomind.runtime` knows."""

from collections.abc import Mapping, Sequence

import msgspec

from recomind.experiments.tallies import StoredTally
from recomind.model.ids import Partition
from recomind.stores import keys
from recomind.stores.read_model import ReadModel


class StoredCounts(msgspec.Struct, frozen=True, array_like=True):
    """A partition's counts as they are stored."""

    lists_until: int = -1
    """Offset of the last served list that counts."""
    lists_at: float = 0.0
    """When Kafka appended it, epoch seconds."""
    minutes: dict[int, bytes] = {}
    """Minute since 1970 to its counts."""
    hours: dict[int, bytes] = {}
    experiments: dict[str, StoredTally] = {}
    """Experiment to what its arms were shown and did, see `recomind.experiments.tallies`."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(StoredCounts).decode


class ServedStatistics:
    """Reads and writes statistics that the owner of a partition keeps."""

    def __init__(self, read_model: ReadModel) -> None:
        self._read_model = read_model

    async def put_counts(self, values: Mapping[Partition, StoredCounts]) -> None:
        """Store partitions' counts."""
        stored = {keys.served_counts(partition): _encode(value) for partition, value in values.items()}
        await self._read_model.store.set_many(stored, keys.SERVED_COUNTS_TTL_S, self._read_model.fence)

    async def counts(self, partition: Partition) -> StoredCounts:
        """A partition's counts; those of nothing if there are none."""
        value = (await self._read_model.store.get_many([keys.served_counts(partition)]))[0]
        return _decode(value) if value else StoredCounts()

    async def tallies(self, partitions: Sequence[Partition]) -> list[dict[str, StoredTally]]:
        """What each of several partitions has counted of experiments."""
        found = await self._read_model.store.get_many([keys.served_counts(one) for one in partitions])
        return [_decode(value).experiments for value in found if value]

    async def put_impressions(self, values: Mapping[Partition, bytes]) -> None:
        """Store how often each video was shown to the users of partitions."""
        stored = {keys.video_impressions(partition): value for partition, value in values.items()}
        await self._read_model.store.set_many(stored, keys.SERVED_STATISTICS_TTL_S, self._read_model.fence)

    async def impressions(self, partitions: Sequence[Partition]) -> list[bytes]:
        """The same of several partitions, without those that have none."""
        found = await self._read_model.store.get_many([keys.video_impressions(one) for one in partitions])
        return [value for value in found if value]
