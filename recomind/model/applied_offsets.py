"""Idempotent folds by a version vector: each state value keeps the last offset it applied of every source.

Kafka and Faust deliver at least once: records come again after a crash and at each rebalance. Offsets of a source only
grow, and a redelivery starts at or before the last committed offset. Therefore a record whose offset is not above the
last applied one has been applied.
"""

from recomind.model.ids import Offset
from recomind.model.signals import SourceOffset

AppliedOffsets = dict[int, Offset]
"""Source to the last offset applied. Never changed in place within a value: `advance` makes a new one."""

Watermark = dict[int, int]
"""Source to an offset below which every action is in its user's stored list."""


def is_new(applied: AppliedOffsets, source: int, offset: int) -> bool:
    """Whether a value has not applied this offset of a source yet.

    >>> is_new({0: 7}, 0, 7), is_new({0: 7}, 0, 8), is_new({0: 7}, 1, 0)
    (False, True, True)
    """
    return offset > applied.get(source, -1)


def advance(applied: AppliedOffsets, source_offset: SourceOffset) -> AppliedOffsets:
    """A copy that has applied `source_offset` as well.

    >>> advance({0: 7}, SourceOffset(1, 3))
    {0: 7, 1: 3}
    """
    return {**applied, source_offset.source: source_offset.offset}


def dominates(applied: AppliedOffsets, other: AppliedOffsets) -> bool:
    """Whether `applied` includes every offset that `other` includes.

    >>> dominates({0: 7, 1: 3}, {0: 7}), dominates({0: 7}, {0: 7, 1: 3})
    (True, False)
    """
    return all(applied.get(source, -1) >= offset for source, offset in other.items())


def advance_if_new(applied: AppliedOffsets, source: int, offset: Offset) -> bool:
    """Whether an offset is new. If so, record it in `applied`, which must be a copy owned by the caller.

    >>> copy = {0: 7}
    >>> advance_if_new(copy, 0, 7), advance_if_new(copy, 0, 8), copy
    (False, True, {0: 8})
    """
    if offset <= applied.get(source, -1):
        return False
    applied[source] = offset
    return True


def is_behind_watermark(applied: AppliedOffsets, watermark: Watermark) -> bool:
    """Whether a profile has applied an action at or above the watermark, which its stored list may not include.

    >>> [is_behind_watermark(applied, {0: 8}) for applied in ({0: 7}, {0: 8}, {1: 0})]
    [False, True, True]
    """
    return any(offset >= watermark.get(source, 0) for source, offset in applied.items())
