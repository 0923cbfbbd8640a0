"""The tables that are compared: the types of their values, and what of a value is compared."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from recomind.state.forgetting import Erasure
from recomind.state.neighbours import Neighbours
from recomind.state.older_feedback import OlderFeedback, counted_block
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile, counted
from recomind.state.seen_blocks import SeenBlock

VALUE_TYPES: Final = {
    "seen_blocks": SeenBlock,
    "older_feedback": OlderFeedback,
    "profiles": Profile,
    "popularity": Popularity,
    "neighbours": Neighbours,
    "forgetting": Erasure,
}

COMPARED_PART: Final[Mapping[str, Callable[[Any], Any]]] = {"profiles": counted, "older_feedback": counted_block}
"""Table to the part of a value that a replay of the log of actions alone gives."""
