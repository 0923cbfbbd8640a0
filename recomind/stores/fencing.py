"""Fencing tokens: a store refuses writes of a worker that lost its partitions without noticing.

Kafka numbers the generations of a consumer group, and every member knows its number. Each store keeps the highest
generation that has written, updates it in the same step as the write, and refuses lower ones. Once the new owner has
written a value, the old owner cannot overwrite it, no matter how long the old owner was paused or where its write was
delayed. Earlier writes of the old owner do no harm: the new owner repeats everything that was not committed.
"""

from typing import Final, NamedTuple

GENERATION_TTL_S: Final = 3_600
"""A store forgets a generation after this time without a write: a group that was deleted counts from 1 again."""


class Fence(NamedTuple):
    """The fencing token of a writer."""

    group: str
    """Name of the consumer group."""
    generation: int
