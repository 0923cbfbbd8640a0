"""Workers' figures and their history, where every worker's page finds them."""

from typing import Final, TypeVar

import msgspec

from recomind.recommender.blend.model import Weights
from recomind.runtime.worker_stats import Figures, Summary, summary
from recomind.stores import keys
from recomind.stores.key_value import Values

POINTS: Final = 360
"""Points of history: an hour, at one in ten seconds."""

NEWS: Final = "\0operations"
"""What is told on the channel when figures have been written; no person can have this name."""

Kind = TypeVar("Kind")

_encode = msgspec.msgpack.Encoder().encode


class Operations:
    """Reads and writes figures; a worker's are under the first of its partitions."""

    def __init__(self, values: Values, partitions: int) -> None:
        self._values = values
        self._partitions = partitions

    async def put(self, figures: Figures) -> None:
        """Overwrite a worker's figures; they vanish soon after its last ones."""
        if figures.partitions:
            await self._values.set_many({keys.figures(figures.partitions[0]): _encode(figures)}, keys.FIGURES_TTL)
            await self._values.publish(keys.LISTS_WRITTEN, _encode([NEWS]))

    async def workers(self) -> list[Figures]:
        """What all workers have published lately, each worker once, by their partitions."""
        found = await self._values.get_many([keys.figures(partition) for partition in range(self._partitions)])
        read = [figures for value in found if value and (figures := _read(value, Figures))]
        latest = {one.worker: one for one in sorted(read, key=lambda one: one.at)}
        return sorted(latest.values(), key=lambda one: one.partitions)

    async def remember(self, weights: Weights, at: float) -> None:
        """Add a point to the history; for the leader to call."""
        point = summary(await self.workers(), weights, at)
        history = [*await self.history(), point][-POINTS:]
        await self._values.set_many({keys.OPERATIONS_HISTORY: _encode(history)}, keys.HISTORY_TTL)

    async def history(self) -> list[Summary]:
        """The last hour, oldest first."""
        [stored] = await self._values.get_many([keys.OPERATIONS_HISTORY])
        return (_read(stored, list[Summary]) or []) if stored else []


def _read(value: bytes, kind: type[Kind]) -> Kind | None:
    """A stored value; None where another version of the software has written it, with other figures."""
    try:
        read: Kind = msgspec.msgpack.decode(value, type=kind)
    except msgspec.ValidationError:
        return None
    return read
