"""The partitions that the consumer group has assigned to this worker.

Partition p of every topic goes to the same worker, so a worker owns partition numbers.
"""

from collections.abc import Callable, Set

from faust.types import TP

from recomind.model.ids import Partition
from recomind.stores.fencing import Fence


class Assignment:
    """What this worker owns, since which generation of the group."""

    def __init__(self, group: str, fence_stores: Callable[[Fence], object]) -> None:
        """Create an assignment without partitions, as before the first rebalance.

        Args:
            group: id of the consumer group.
            fence_stores: called with the fencing token of each new generation; stores write with it from then on.
        """
        self.partitions: frozenset[Partition] = frozenset()
        """Partitions of this worker."""
        self.topic_partitions: frozenset[TP] = frozenset()
        """The same, of each topic that is read."""
        self.is_member = False
        """Whether the group has assigned partitions to this worker; there may be none of them."""
        self._group = group
        self._fence_stores = fence_stores
        self._generation = -1

    @property
    def is_leader(self) -> bool:
        """Whether this worker does what one has to do for all. It is idempotent, since for a moment two may do it."""
        return 0 in self.partitions

    @property
    def generation(self) -> int:
        """The generation of the group; -1 before the first rebalance."""
        return self._generation

    def assign(self, generation: int, assigned: Set[TP]) -> bool:
        """Take over an assignment, and write to stores with its generation as the fencing token.

        Returns:
            Whether the state of partitions that stay here is still right: this generation follows the last one known
            here. Otherwise another worker may have owned any of them in between.
        """
        is_consecutive = generation == self._generation + 1
        self._generation = generation
        self._fence_stores(Fence(self._group, generation))
        self.topic_partitions = frozenset(assigned)
        self.partitions = frozenset(Partition(tp.partition) for tp in assigned)
        self.is_member = True
        return is_consecutive

    def revoke(self) -> None:
        """A rebalance has started: until it ends, ownership is unknown."""
        self.is_member = False
