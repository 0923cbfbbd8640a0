"""Workers' statistics and their history in Redis, where any worker can read those of all."""

from collections.abc import Callable
from time import time
from typing import Final, TypeVar

import msgspec

from recomind.model.ids import all_partitions
from recomind.recommender.blend.model import Weights
from recomind.runtime.worker_stats import ClusterStats, WorkerStats, cluster_stats
from recomind.stores import keys
from recomind.stores.key_value import KeyValueStore

HISTORY_POINTS: Final = 360
"""Number of points that the history keeps: an hour, at one every ten seconds."""

MAX_AGE_S: Final = 30.0
"""Age of the statistics of a worker without partitions from which it counts as gone; clocks differ by less."""

STATS_UPDATED: Final = "\0operations"
"""Published on the channel of list updates, in the place of a user id, when statistics have been stored.

No user can have this id.
"""

Value = TypeVar("Value")

_encode = msgspec.msgpack.Encoder().encode


class WorkerStatsStore:
    """Reads and writes statistics.

    A worker's are stored under the first of its partitions. Those of workers without partitions are in a stream.
    """

    def __init__(self, store: KeyValueStore, partitions: int, clock: Callable[[], float] = time) -> None:
        """Nothing is read yet.

        Args:
            store: Redis.
            partitions: how many partitions each topic has.
            clock: epoch seconds.
        """
        self._store = store
        self._partitions = partitions
        self._clock = clock

    async def publish(self, stats: WorkerStats) -> None:
        """Replace a worker's statistics; they expire a few seconds after its last ones."""
        if stats.partitions:
            stored = {keys.worker_stats(stats.partitions[0]): _encode(stats)}
            await self._store.set_many(stored, keys.WORKER_STATS_TTL_S)
        else:
            await self._store.append(keys.SERVER_STATS, _encode(stats), keys.WORKER_STATS_TTL_S)
        await self._store.publish(keys.LIST_UPDATES, _encode([STATS_UPDATED]))

    async def workers(self) -> list[WorkerStats]:
        """The latest statistics of each worker, sorted by their partitions; those without any are the last."""
        found = await self._store.get_many(
            [keys.worker_stats(partition) for partition in all_partitions(self._partitions)]
        )
        decoded = [stats for value in found if value and (stats := _decode(value, WorkerStats))]
        decoded += await self._without_partitions()
        latest = {one.worker: one for one in sorted(decoded, key=lambda one: one.measured_at)}
        return sorted(latest.values(), key=lambda one: (not one.partitions, one.partitions, one.worker))

    async def _without_partitions(self) -> list[WorkerStats]:
        """What workers without partitions have published lately."""
        found, last, messages = list[WorkerStats](), "0", [b""]
        while messages:
            last, messages = await self._store.read_stream(keys.SERVER_STATS, last)
            decoded = (_decode(message, WorkerStats) for message in messages)
            found += [stats for stats in decoded if stats and self._clock() - stats.measured_at < MAX_AGE_S]
        return found

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
