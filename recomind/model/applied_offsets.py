"""Exactly once by memory: each value keeps, for every lane that touched it, the last offset applied.

Kafka and Faust redeliver, after a crash and at each rebalance. Along a lane, offsets grow, and a redelivery starts
again at or before the last offset that was committed; so what is not newer than the last applied was applied.
"""

from recomind.model.signals import Origin

Origins = dict[int, int]
"""Lane to the last offset applied. A value's are never changed in place: `advance` makes new ones."""


def is_news(origins: Origins, lane: int, offset: int) -> bool:
    """Whether the value has not applied this origin yet.

    >>> is_news({0: 7}, 0, 7), is_news({0: 7}, 0, 8), is_news({0: 7}, 1, 0)
    (False, True, True)
    """
    return offset > origins.get(lane, -1)


def advance(origins: Origins, origin: Origin) -> Origins:
    """The origins once `origin` has been applied.

    >>> advance({0: 7}, Origin(1, 3))
    {0: 7, 1: 3}
    """
    return {**origins, origin.lane: origin.offset}


def covers(origins: Origins, others: Origins) -> bool:
    """Whether a value has applied all that another one has.

    >>> covers({0: 7, 1: 3}, {0: 7}), covers({0: 7}, {0: 7, 1: 3})
    (True, False)
    """
    return all(origins.get(lane, -1) >= offset for lane, offset in others.items())


def take(origins: Origins, lane: int, offset: int) -> bool:
    """Whether an origin is news; if so, advance a copy of a value's origins that the caller owns.

    >>> mine = {0: 7}
    >>> take(mine, 0, 7), take(mine, 0, 8), mine
    (False, True, {0: 8})
    """
    if offset <= origins.get(lane, -1):
        return False
    origins[lane] = offset
    return True


def waits(origins: Origins, mark: Origins) -> bool:
    """Whether a profile has applied an action that its list may not count.

    >>> waits({0: 7}, {0: 8}), waits({0: 8}, {0: 8}), waits({1: 0}, {0: 8})
    (False, True, True)
    """
    return any(offset >= mark.get(lane, 0) for lane, offset in origins.items())
