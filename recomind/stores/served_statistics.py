"""What was shown and what came of it, in Redis: by partition, as bytes whose form `recomind.runtime` knows."""

from collections.abc import Mapping, Sequence

from recomind.model.ids import Partition
from recomind.stores import keys
from recomind.stores.read_model import ReadModel


class ServedStatistics:
    """Reads and writes statistics that the owner of a partition keeps."""

    def __init__(self, read_model: ReadModel) -> None:
        self._read_model = read_model

    async def put_counts(self, values: Mapping[Partition, bytes]) -> None:
        """Store partitions' counts."""
        stored = {keys.served_counts(partition): value for partition, value in values.items()}
        await self._read_model.store.set_many(stored, keys.SERVED_COUNTS_TTL_S, self._read_model.fence)

    async def counts(self, partition: Partition) -> bytes | None:
        """A partition's counts; None if there are none."""
        return (await self._read_model.store.get_many([keys.served_counts(partition)]))[0]

    async def all_counts(self, partitions: Sequence[Partition]) -> list[bytes]:
        """The counts of several partitions, without those that have none."""
        found = await self._read_model.store.get_many([keys.served_counts(one) for one in partitions])
        return [value for value in found if value]

    async def put_impressions(self, values: Mapping[Partition, bytes]) -> None:
        """Store how often each video was shown to the users of partitions."""
        stored = {keys.video_impressions(partition): value for partition, value in values.items()}
        await self._read_model.store.set_many(stored, keys.SERVED_STATISTICS_TTL_S, self._read_model.fence)

    async def impressions(self, partitions: Sequence[Partition]) -> list[bytes]:
        """The same of several partitions, without those that have none."""
        found = await self._read_model.store.get_many([keys.video_impressions(one) for one in partitions])
        return [value for value in found if value]
