"""The partition of a key: murmur2 as in Kafka's default partitioner, so that any producer agrees with us."""

from functools import lru_cache

from aiokafka.partitioner import murmur2

from recomind.model.ids import Partition


@lru_cache(maxsize=1 << 18)
def partition_of(key: str, partitions: int) -> Partition:
    """The partition of a user id or video id, in [0, partitions).

    >>> partition_of("u1", 8) == partition_of("u1", 8)
    True
    """
    partition: Partition = (murmur2(key.encode()) & 0x7FFFFFFF) % partitions
    return Partition(partition)
