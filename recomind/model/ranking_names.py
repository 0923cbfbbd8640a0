"""The names of sources and rankers that scenarios and arms of experiments may have: one rule for both.

A single source is a ranker, too, by `source:NAME`, or by its name alone where no ranker has the same.
"""

from collections.abc import Callable, Collection
from typing import NamedTuple

from recomind.model.text import InvalidFieldError


class RankingNames(NamedTuple):
    """The names that there are."""

    sources: Collection[str]
    rankers: Collection[str]
    """As they are shown: each ranker by one name."""
    has_ranker: Callable[[str], bool]
    """Whether there is a ranker of a name."""
    has_own_sources: Callable[[str], bool]
    """Whether the ranker of a name has sources of its own: others do not propose for it."""

    def check(self, sources: Collection[str] | None, ranker: str, *, of_sources: str, of_ranker: str) -> None:
        """Check the names in a scenario or arm.

        Args:
            sources: those that propose; None for all.
            ranker: empty for the hybrid.
            of_sources: the field that has the sources.
            of_ranker: the field that has the ranker.

        Raises:
            InvalidFieldError: there is no such source or ranker, or the ranker has sources of its own.
        """
        unknown = [source for source in sources or () if source not in self.sources]
        if unknown:
            known = ", ".join(sorted(self.sources))
            raise InvalidFieldError(of_sources, f"there is no source {unknown[0]}, but {known}")
        if ranker and not self.has_ranker(ranker):
            raise InvalidFieldError(of_ranker, f"there is no ranker {ranker}, but {', '.join(sorted(self.rankers))}")
        if sources is not None and self.has_own_sources(ranker):
            raise InvalidFieldError(of_sources, f"the ranker {ranker} has sources of its own: leave sources out")
