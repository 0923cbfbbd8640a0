"""The policy of one request: what the list may hold, which sources propose, and how the list is arranged."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from recomind.model.filters import Filter
from recomind.model.local_context import NO_LOCAL_CONTEXT
from recomind.model.rules import DEFAULT_SCENARIO, TRENDING_SCENARIO
from recomind.recommender.diversify import Caps
from recomind.recommender.follows import Follows
from recomind.recommender.index.columns import Floats, Rows
from recomind.recommender.policy.compiled_rules import CompiledRules
from recomind.recommender.policy.eligibility import Eligibility


class ListRequest(NamedTuple):
    """Which list is asked for."""

    user_id: str
    """For whom; empty for nobody."""
    scenario: str = DEFAULT_SCENARIO
    conditions: Filter = ()
    """The filter of the request."""
    local: str = NO_LOCAL_CONTEXT
    """The local context that the request says, also where nothing is known of it."""
    likely_country: str = ""
    """A country that counts only where nothing else says one."""

    @property
    def is_stored(self) -> bool:
        """Whether it is the user's stored list: other lists are ranked for each request."""
        return self.scenario == DEFAULT_SCENARIO and not self.conditions


ANYBODY: Final = ListRequest("", TRENDING_SCENARIO)
"""Lists for no user, such as trending videos."""


class Policy(NamedTuple):
    """What rules, scenario, request and user's metadata ask of a list. Most lists have none."""

    eligibility: Eligibility | None = None
    """What the list may hold; None for every listed video."""
    rules: CompiledRules | None = None
    """Rules that act, up to date with the catalogue."""
    scenario: str = DEFAULT_SCENARIO
    sources: frozenset[str] | None = None
    """Sources that propose; None for all."""
    caps: Caps | None = None
    """Of neighbouring videos; None for the default ones."""
    spread: float = 0.0
    """See `arrange.spread_out`."""
    exploration: float | None = None
    """Share of places that are drawn; None for that of the worker."""
    ranker: str = ""
    """Name of the ranker, see `recommender.extensions.registry`; empty for the built-in hybrid."""
    key: str = ""
    """Names rules, scenario, metadata and arms: a stored list with another key is ranked again. Empty if there are
    none."""
    arms: Mapping[str, str] = {}
    """Experiment to the user's arm."""
    weights: str = ""
    """Names the weights that an arm learns for itself; empty for those of all users."""
    rival: "Policy | None" = None
    """The policy with whose list this one is interleaved; None in most lists."""
    draft_seed: int = 0
    """Of the coins with which lists are interleaved."""
    follows: Follows | None = None
    """What the user follows."""

    def shift(self, rows: Rows) -> Floats | float:
        """What rules add to the scores of rows."""
        return self.rules.shift.take(rows) if self.rules is not None and self.rules.has_shifts else 0.0
