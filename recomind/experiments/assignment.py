"""Which arm a user is in: a pure function of user id and experiment, so all workers agree and nothing is stored.

A user has a position in [0, 1) in each layer, and experiments of one layer hold ranges of positions that do not
overlap: no user is in two of them (Tang et al., "Overlapping experiment infrastructure", 2010). Within an experiment a
second hash decides the arm. Each layer and each experiment has a salt of its own, so that splits are independent.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

RESOLUTION: Final = 10_000
"""Shares of traffic are whole multiples of 1 / RESOLUTION."""


class Span(NamedTuple):
    """Which users of a layer an experiment has."""

    first: int
    """First position, in 1 / RESOLUTION."""
    size: int

    def has(self, position: float) -> bool:
        """Whether a position in [0, 1) is in it."""
        return self.first <= position * RESOLUTION < self.first + self.size


def position_of(user_id: str, kind: str, name: str) -> float:
    """The position of a user in a layer or an experiment, uniform in [0, 1).

    >>> round(position_of("u1", "layer", "ranking"), 6)
    0.639296
    """
    return (hash_of(user_id, kind, name) >> 11) / 2**53


def hash_of(user_id: str, kind: str, name: str) -> int:
    """A hash of a user with a salt of a layer or an experiment, uniform over 64 bits."""
    digest = blake2b(user_id.encode(), digest_size=8, salt=_salt(kind, name)).digest()
    return int.from_bytes(digest, "little")


@lru_cache(1_000)
def _salt(kind: str, name: str) -> bytes:
    return blake2b(f"{kind}:{name}".encode(), digest_size=blake2b.SALT_SIZE).digest()


def arm_at(position: float, shares: Sequence[float]) -> int:
    """The number of the arm at a position in [0, 1), where arms have these shares, which need not sum to 1.

    >>> [arm_at(one, (1, 3)) for one in (0.0, 0.24, 0.25, 0.99)]
    [0, 0, 1, 1]
    """
    rest, total = position, sum(shares)
    for number, share in enumerate(shares):
        rest -= share / total
        if rest < 0:
            return number
    return len(shares) - 1


def free_span(taken: Iterable[Span], size: int) -> Span | None:
    """The first range of a layer with room for `size` positions, in 1 / RESOLUTION; None if there is none.

    >>> free_span([Span(0, 2_000), Span(5_000, 5_000)], 3_000)
    Span(first=2000, size=3000)
    """
    first = 0
    for one in sorted(taken):
        if one.first - first >= size:
            break
        first = max(first, one.first + one.size)
    return Span(first, size) if first + size <= RESOLUTION else None
