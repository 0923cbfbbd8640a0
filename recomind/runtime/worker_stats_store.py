"""Workers' statistics and their history in Redis, where any worker can read those of all."""

from typing import Final, TypeVar

import msgspec

from recomind.model.ids import all_partitions
from recomind.recommender.blend.model import Weights
from recomind.runtime.worker_stats import ClusterStats, WorkerStats, cluster_stats
from recomind.stores import keys
from recomind.stores.key_value import KeyValueStore

HISTORY_POINTS: Final = 360
"""Number of points that the history keeps: an hour, at one every ten seconds."""

STATS_UPDATED: Final = "\0operations"
"""Published on the channel of list updates, in the place of a user id, when statistics have been stored.

No user can have this id.
"""

Value = TypeVar("Value")

_encode = msgspec.msgpack.Encoder().encode


class WorkerStatsStore:
    """Reads and writes statistics; a worker's are stored under the first of its partitions."""

    def __init__(self, store: KeyValueStore, partitions: int) -> None:
        self._store = store
        self._partitions = partitions

    async def publish(self, stats: WorkerStats) -> None:
        """Overwrite a worker's statistics; they expire a few seconds after its last ones."""
        if stats.partitions:
            stored = {keys.worker_stats(stats.partitions[0]): _encode(stats)}
            await self._store.set_many(stored, keys.WORKER_STATS_TTL_S)
            await self._store.publish(keys.LIST_UPDATES, _encode([STATS_UPDATED]))

    async def workers(self) -> list[WorkerStats]:
        """The latest statistics of each worker, sorted by their partitions."""
        found = await self._store.get_many(
            [keys.worker_stats(partition) for partition in all_partitions(self._partitions)]
        )
        decoded = [stats for value in found if value and (stats := _decode(value, WorkerStats))]
        latest = {one.worker: one for one in sorted(decoded, key=lambda one: one.measured_at)}
        return sorted(latest.values(), key=lambda one: one.partitions)

    async def append_history(self, weights: Weights, now: float) -> None:
        """Add a point to the history; only the leader calls this.

        Args:
            weights: the weights of the blend.
            now: epoch seconds.
        """
        point = cluster_stats(await self.workers(), weights, now)
        history = [*await self.history(), point][-HISTORY_POINTS:]
        await self._store.set_many({keys.STATS_HISTORY: _encode(history)}, keys.STATS_HISTORY_TTL_S)

    async def history(self) -> list[ClusterStats]:
        """The last hour, oldest first."""
        [stored] = await self._store.get_many([keys.STATS_HISTORY])
        return (_decode(stored, list[ClusterStats]) or []) if stored else []


def _decode(value: bytes, value_type: type[Value]) -> Value | None:
    """A stored value; None if another version of the software, with other fields, has written it."""
    try:
        decoded: Value = msgspec.msgpack.decode(value, type=value_type)
    except msgspec.ValidationError:
        return None
    return decoded
