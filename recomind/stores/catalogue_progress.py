"""How far each worker has followed the topic `video_catalogue`, and which stored lists have been searched.

Each worker appends a report to a stream in Redis, at once when it has applied changes, and once a second. Reports are
absolute, and only the latest ones count, so nothing is lost with Redis.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from recomind.model.ids import Partition, all_partitions
from recomind.stores import keys
from recomind.stores.key_value import KeyValueStore

LISTS: Final = "lists"
"""What a change waits for until stored lists have been searched for videos that were taken down."""


class FollowerReport(msgspec.Struct, frozen=True, array_like=True):
    """What a worker has applied."""

    worker: str
    generation: int
    """Of the consumer group, as the worker knows it. Workers that have left do not report a later one."""
    partitions: tuple[Partition, ...]
    """Partitions that the worker owns."""
    applied: dict[Partition, int]
    """Partition of `video_catalogue` to the offset before which every change is applied."""
    searched: dict[Partition, int] = {}
    """The same for the search of stored lists, which the leader does."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(FollowerReport).decode


async def publish(store: KeyValueStore, report: FollowerReport) -> None:
    """Append a report."""
    await store.append(keys.CATALOGUE_PROGRESS, _encode(report), keys.CATALOGUE_PROGRESS_TTL_S)


async def read(store: KeyValueStore) -> list[FollowerReport]:
    """The latest report of each worker, of the group's latest generation."""
    latest, last, messages = dict[str, FollowerReport](), "0", [b""]
    while messages:
        last, messages = await store.read_stream(keys.CATALOGUE_PROGRESS, last)
        reports = [_decode(message) for message in messages]
        latest |= {report.worker: report for report in reports}
    generation = max((report.generation for report in latest.values()), default=-1)
    return [report for report in latest.values() if report.generation == generation]


def pending_workers(reports: Iterable[FollowerReport], offsets: Mapping[Partition, int], partitions: int) -> list[str]:
    """Workers that have not applied every change before some offsets, and partitions whose owner has not reported.

    Args:
        reports: the latest ones.
        offsets: partition of `video_catalogue` to an offset.
        partitions: how many partitions each topic has.
    """
    known = list(reports)
    behind = [one.worker for one in known if not has_reached(one.applied, offsets)]
    owned = {partition for one in known for partition in one.partitions}
    return [*sorted(behind), *(f"partition {one}" for one in all_partitions(partitions) if one not in owned)]


def has_reached(positions: Mapping[Partition, int], offsets: Mapping[Partition, int]) -> bool:
    """Whether positions are at or after offsets, in each partition."""
    return all(positions.get(partition, 0) >= offset for partition, offset in offsets.items())


def pending_steps(reports: Iterable[FollowerReport], partition: Partition, offset: int, partitions: int) -> list[str]:
    """What a change at an offset of a partition waits for; empty if it is done."""
    known, after = list(reports), {partition: offset + 1}
    is_searched = any(has_reached(one.searched, after) for one in known if one.searched)
    return [*pending_workers(known, after, partitions), *([] if is_searched else [LISTS])]
