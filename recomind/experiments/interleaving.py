"""Team draft: one list of two rankers, whose likes say which one its user prefers.

In each round the rankers choose in an order that a coin decides, each its best video that is not in the list yet
(Radlinski, Kurup and Joachims, "How does clickthrough data reflect retrieval quality?", 2008, algorithm 2). A like of a
video that both lists have among their first places says nothing of them, as both would have shown it: such places
have no team. That keeps the expectation and takes out most of the noise where rankers are similar.
"""

from collections.abc import Callable, Sequence
from math import lgamma, log
from typing import Final, Literal, NamedTuple

Team = Literal[-1, 0, 1]
"""-1: the first ranker's, 1: the second one's, 0: both show the video."""

FIRST: Final[Team] = -1
SECOND: Final[Team] = 1
SHARED: Final[Team] = 0


class Drafted(NamedTuple):
    """A place of an interleaved list."""

    item: int
    """A row, or whatever names a video."""
    team: Team


def team_draft(first: Sequence[int], second: Sequence[int], n: int, coin: Callable[[], bool]) -> list[Drafted]:
    """Interleave two lists, best first, into `n` places.

    Args:
        first: of the first ranker, without repetitions.
        second: of the second ranker.
        n: places.
        coin: whether the first ranker chooses first in the next round.

    >>> [one.item for one in team_draft([1, 2, 3], [3, 4, 1], 4, lambda: True)]
    [1, 3, 2, 4]
    """
    shared = set(first[:n]) & set(second[:n])
    found: list[Drafted] = []
    chosen: set[int] = set()
    lists = {FIRST: iter(first), SECOND: iter(second)}
    while len(found) < n:
        before = len(found)
        for team in (FIRST, SECOND) if coin() else (SECOND, FIRST):
            item = next((one for one in lists[team] if one not in chosen), None)
            if item is not None and len(found) < n:
                chosen.add(item)
                found.append(Drafted(item, SHARED if item in shared else team))
        if len(found) == before:
            break
    return found


def log_sign_e_value(wins: int, losses: int) -> float:
    """The logarithm of the evidence that users do not prefer both rankers equally often, valid at any time.

    The Bayes factor of a uniform prior against 1/2, for independent users who prefer one (Ville, 1939; Robbins, 1970).

    >>> log_sign_e_value(60, 30) > log(20) > log_sign_e_value(50, 40)
    True
    """
    total = wins + losses
    return lgamma(wins + 1) + lgamma(losses + 1) - lgamma(total + 2) + total * log(2)
