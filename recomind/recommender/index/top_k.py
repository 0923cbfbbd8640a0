"""Incremental top-k: the best of many keys, kept up to date without ranking all of them again.

A key that is outside the list can enter it only by a change of its own score, as long as no score falls. So the next
list is made of the last list's members and of the keys that changed since: the candidates.
"""

from collections.abc import Callable, Hashable, Iterable, Set
from heapq import nlargest
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class TopK(Generic[Key]):
    """A top-k list that is exact as long as no score falls. Where one has fallen, make a new `TopK` from all keys."""

    def __init__(self, select: Callable[[Set[Key]], Iterable[Key]], members: Iterable[Key] = ()) -> None:
        """Start from a known list.

        Args:
            select: returns the best of some keys, by their current scores.
            members: the best of all keys at the start.
        """
        self._select = select
        self.candidates: set[Key] = set(members)
        """The members of the last list, and the keys whose scores have changed since."""

    def mark_changed(self, key: Key) -> None:
        """Note that a key's score has changed."""
        self.candidates.add(key)

    def refresh(self) -> list[Key]:
        """Return the current list; its members are the only candidates from then on."""
        members = list(self._select(self.candidates))
        self.candidates = set(members)
        return members


class ScoredTopK(TopK[str]):
    """The `k` ids with the largest scores, with these scores; of equal scores the larger id comes first."""

    def __init__(self, k: int) -> None:
        super().__init__(lambda _: (key for _, key in self._largest()))
        self._k = k
        self._scores: dict[str, float] = {}
        """Scores of the candidates."""

    def set_score(self, key: str, score: float) -> None:
        """Set the score of an id. More than `2 k` candidates are cut down to `k`."""
        self._scores[key] = score
        self.candidates.add(key)
        if len(self.candidates) > 2 * self._k:
            self._scores = {member: self._scores[member] for member in self.refresh()}

    def entries(self) -> list[tuple[str, float]]:
        """(id, score), best first."""
        return [(key, score) for score, key in self._largest()]

    def _largest(self) -> list[tuple[float, str]]:
        return nlargest(self._k, zip(self._scores.values(), self._scores, strict=True))
