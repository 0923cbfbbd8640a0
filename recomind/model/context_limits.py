"""How much of the context of an action is kept, by an operator's setting: what is finer is not written anywhere."""

from collections.abc import Mapping
from typing import Final

from recomind.model.action_context import ContextValue
from recomind.model.local_context import local_hour

ALL: Final = "all"
NONE: Final = "none"
CONTEXT_LEVELS: Final = (ALL, "region", "country", NONE)
"""How much is kept, the most first."""

_RETAINED: Final = {
    "region": frozenset({"country", "region", "language", "device", "timezone", "local_hour"}),
    "country": frozenset({"country", "language", "device", "local_hour"}),
    NONE: frozenset[str](),
}
"""Level to the keys that are kept."""


def limited_context(context: Mapping[str, ContextValue], level: str, at: float) -> dict[str, ContextValue] | None:
    """What is kept of a context at one of `CONTEXT_LEVELS`; None if nothing is left of it.

    A time zone may say more than the country. At the level `country`, the local hour takes its place.

    >>> limited_context({"country": "DE", "region": "BY", "shoe_size": 43}, "region", 0.0)
    {'country': 'DE', 'region': 'BY'}
    >>> limited_context({"region": "BY", "timezone": "+05:30"}, "country", 0.0)
    {'local_hour': 5}

    Args:
        context: of the action.
        level: one of `CONTEXT_LEVELS`.
        at: event time of the action, epoch seconds.
    """
    if level == ALL:
        return dict(context)
    retained = {key: value for key, value in context.items() if key in _RETAINED[level]}
    hour = local_hour(context, at) if level == "country" else None
    return ({**retained, "local_hour": hour} if hour is not None else retained) or None
