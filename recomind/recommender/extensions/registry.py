"""All rankers, sources, filters and arrangers by name, each with a guard.

A ranker orders the lists whose policy names it. Sources, filters and arrangers that are active take part in every list.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import inf
from typing import Any, Final, NamedTuple

from recomind.model.ranking_names import RankingNames
from recomind.recommender.candidates.registry import SOURCES
from recomind.recommender.extensions.baselines import (
    ItemItemRanker,
    PopularityRanker,
    RandomRanker,
    SourceRanker,
    TagsRanker,
)
from recomind.recommender.extensions.guard import FAULTS_IN_A_ROW, Fault, Guard
from recomind.recommender.extensions.protocols import Arranger, Filter, Ranker, Source

HYBRID: Final = "hybrid"
"""The name of the ranker of policies that name none."""

SOURCE_PREFIX: Final = "source:"
"""Before the name of a source that is used as a ranker. Without it, a ranker of the same name comes first."""

KINDS: Final[Mapping[str, Any]] = {"source": Source, "ranker": Ranker, "filter": Filter, "arranger": Arranger}
"""Kind of an extension to its protocol."""


class Extension(NamedTuple):
    """An extension and its guard."""

    name: str
    instance: Any
    guard: Guard


class RankerChoice(NamedTuple):
    """A ranker, and what is read of it once: later it could raise."""

    extension: Extension
    sources: frozenset[str] | None
    """Names of the sources that propose for it; None for all."""
    proposes: bool
    """Whether it is also a source."""
    draws: bool
    """Whether it draws at random, and says with which probability."""

    @classmethod
    def of(cls, extension: Extension) -> "RankerChoice":
        """Read what a ranker is.

        Raises:
            ValueError: `sources` are not names.
        """
        named: Any = getattr(extension.instance, "sources", None)
        if isinstance(named, str) or not (named is None or all(isinstance(one, str) for one in named)):
            raise ValueError(f"sources of the ranker {extension.name} are no names of sources, but {named!r}")
        draws = callable(getattr(extension.instance, "propensities", None))
        sources = None if named is None else frozenset(named)
        return cls(extension, sources, isinstance(extension.instance, Source), draws)


class Extensions:
    """What there is, and what is active."""

    def __init__(
        self,
        clock: Callable[[], float] = lambda: 0.0,
        budget_s: float = inf,
        suspended_after: float = FAULTS_IN_A_ROW,
    ) -> None:
        """Create a registry with the built-in rankers.

        Args:
            clock: seconds; with the default one nothing is slow, and what is suspended stays so.
            budget_s: the longest time that a call of an extension may take; built-in ones have no limit.
            suspended_after: so many faults in a row suspend an extension.
        """
        self.listeners: list[Callable[[Fault], None]] = []
        """Called with each fault."""
        self.active: frozenset[str] = frozenset()
        """Names of the sources, filters and arrangers that take part in every list."""
        self.of_kind: dict[str, dict[str, Extension]] = {kind: {} for kind in KINDS}
        """Kind to name to extension."""
        self.not_loaded: list[str] = []
        """Sentences about installed extensions that could not be loaded."""
        self._clock = clock
        self._budget_s = budget_s
        self._suspended_after = suspended_after
        built_in: dict[str, Ranker] = {
            "random": RandomRanker(),
            "popularity": PopularityRanker(),
            "tags": TagsRanker(),
            "item-item": ItemItemRanker(),
        }
        self._rankers: dict[str, RankerChoice] = {}
        self._single: dict[str, RankerChoice] = {}
        """Source to the ranker of what it proposes."""
        for name, ranker in built_in.items():
            self._add("ranker", name, ranker, inf)
        for name in SOURCES:
            self._add_single(name)

    def add(self, kind: str, name: str, instance: Any) -> None:
        """Add an extension.

        Raises:
            ValueError: the name is taken, or the object is not what its kind needs; the message says which.
        """
        if name == HYBRID or name in self.of_kind[kind] or (kind == "source" and name in SOURCES):
            raise ValueError(f"there is a {kind} named {name} already")
        if not isinstance(instance, KINDS[kind]):
            method = next(one for one in ("propose", "score", "permits", "arrange") if hasattr(KINDS[kind], one))
            raise ValueError(f"{type(instance).__name__} is no {kind}: it has no method {method}")  # noqa: TRY004
        self._add(kind, name, instance, self._budget_s)
        if kind == "source":
            self._add_single(name)

    def ranker(self, name: str) -> RankerChoice | None:
        """A ranker, or a single source, by its name; None for the hybrid and for an unknown name."""
        return self._rankers.get(name) or self._single.get(name.removeprefix(SOURCE_PREFIX))

    def has_ranker(self, name: str) -> bool:
        """Whether a policy may name this ranker."""
        return name == HYBRID or self.ranker(name) is not None

    def has_own_sources(self, name: str) -> bool:
        """Whether a ranker names its sources: others do not propose for it."""
        choice = self.ranker(name)
        return choice is not None and choice.sources is not None

    @property
    def ranker_names(self) -> tuple[str, ...]:
        """The names that a policy may have: the hybrid, rankers, and single sources."""
        return (HYBRID, *self.of_kind["ranker"], *(SOURCE_PREFIX + name for name in self._single))

    @property
    def source_names(self) -> tuple[str, ...]:
        """All sources: built-in ones, and others."""
        return tuple(self._single)

    @property
    def names(self) -> RankingNames:
        """What scenarios and arms may name."""
        return RankingNames(self.source_names, self.ranker_names, self.has_ranker, self.has_own_sources)

    def acting(self, kind: str) -> tuple[Extension, ...]:
        """The active extensions of a kind, in the order in which they were added."""
        return tuple([one for name, one in self.of_kind[kind].items() if name in self.active])

    @contextmanager
    def noting(self) -> Iterator[list[Fault]]:
        """Note the faults within a block."""
        faults = list[Fault]()
        note = faults.append
        self.listeners.append(note)
        try:
            yield faults
        finally:
            self.listeners.remove(note)

    def _add_single(self, name: str) -> None:
        guard = Guard("ranker", SOURCE_PREFIX + name, self._note, self._clock)
        self._single[name] = RankerChoice.of(Extension(name, SourceRanker(name), guard))

    def _add(self, kind: str, name: str, instance: Any, budget_s: float) -> None:
        guard = Guard(kind, name, self._note, self._clock, budget_s, self._suspended_after)
        extension = Extension(name, instance, guard)
        if kind == "ranker":
            self._rankers[name] = RankerChoice.of(extension)
        self.of_kind[kind][name] = extension

    def note_missing(self, ranker: str) -> None:
        """Note that a policy names a ranker which this worker does not have."""
        self._note(Fault("ranker", ranker, "missing", "there is no ranker of this name"))

    def _note(self, fault: Fault) -> None:
        for notify in self.listeners:
            notify(fault)


BUILT_IN: Final = Extensions()
"""The built-in rankers alone."""
