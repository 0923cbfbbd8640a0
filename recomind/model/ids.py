"""Types of ids and positions, so that mypy tells a user id from a video id and a partition from an offset.

They exist only for type checkers: at run time a `UserId` is a `str` and an `Offset` an `int`, also for msgspec.
"""

from collections.abc import Sequence
from typing import NewType, cast

UserId = NewType("UserId", str)
"""Id of a user, as the producer of the actions chose it."""

VideoId = NewType("VideoId", str)
"""Id of a video, as the catalogue and the producers of the actions know it."""

Partition = NewType("Partition", int)
"""Number of a Kafka partition."""

Offset = NewType("Offset", int)
"""Offset of a record in its Kafka partition."""


def all_partitions(count: int) -> Sequence[Partition]:
    """The partitions of a topic that has so many."""
    return cast("Sequence[Partition]", range(count))
