"""The fence: what keeps a worker that lost its partitions without knowing it from writing behind their new owner.

Kafka numbers the generations of the group; whoever takes part in one knows its number. Each store keeps the highest
that has written there, in the same step as a write, and refuses those below. So once the new owner has written a
value, nothing older can come after it, however long the old owner stood still, and wherever: in front of a check, in a
buffer, on the network. Before that its writes do no harm, since the new owner repeats all that was not committed.
"""

from typing import Final, NamedTuple

MEMORY: Final = 3_600
"""Seconds without a write after which a store forgets a generation: Kafka counts anew where a group was removed."""


class Fence(NamedTuple):
    """Who writes."""

    group: str
    """The consumer group's name."""
    generation: int
