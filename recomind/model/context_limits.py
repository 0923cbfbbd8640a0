"""How much of the context of an action is kept, by an operator's setting: what is finer is not written.

Below the level `all`, keys and values are limited. A value is kept in its normal form, such as a country as its code of
two letters; what has another form is dropped, as it may say anything. The local context of an action stays the same at
all levels but `none`. To limit a context twice is to limit it once.
"""

import re
from collections.abc import Mapping
from typing import Final

from recomind.model.action_context import ContextValue, context_json, read_context
from recomind.model.local_context import hour_in, local_hour, read_country, read_hour

ALL: Final = "all"
NONE: Final = "none"
CONTEXT_LEVELS: Final = (ALL, "region", "country", NONE)
"""How much is kept, the most first."""

HEADER_KEYS: Final = ("country", "region", "timezone", "device")
"""Keys of a context that headers of a request may say."""

_RETAINED: Final = {
    "region": frozenset({"country", "region", "language", "device", "timezone", "local_hour"}),
    "country": frozenset({"country", "language", "device", "local_hour"}),
    NONE: frozenset[str](),
}
"""Level to the keys that are kept."""

_LANGUAGE: Final = re.compile(r"([a-z]{2,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?)(?:-[a-z0-9]{1,8})*")
"""A language tag: the language, script and country, and what is dropped."""

_REGION: Final = re.compile(r"(?:[A-Za-z]{2}-)?[A-Za-z0-9]{1,3}|(?=.{4,32}$)[^\W\d_]+(?:[ .'-]{1,2}[^\W\d_]+)*")
"""A code as in ISO 3166-2, or a name without digits."""

_DEVICE: Final = re.compile(r"(?=.{1,32}$)[A-Za-z]+(?:[_-][A-Za-z]+)*[_-]?\d{0,2}")
"""A word, such as `phone` or `smart-tv`, with at most two digits."""


def limited_context(context: Mapping[str, ContextValue], level: str, at: float) -> dict[str, ContextValue] | None:
    """What is kept of a context at one of `CONTEXT_LEVELS`; None if nothing is left of it.

    A time zone may say more than the country. At the level `country`, the local hour takes its place.

    >>> limited_context({"country": "de", "region": "BY", "shoe_size": 43}, "region", 0.0)
    {'country': 'DE', 'region': 'BY'}
    >>> limited_context({"region": "BY", "timezone": "+05:30"}, "country", 0.0)
    {'local_hour': 5}
    >>> limited_context({"country": "Marienplatz 1, Munich", "device": "phone"}, "country", 0.0)
    {'device': 'phone'}

    Args:
        context: of the action.
        level: one of `CONTEXT_LEVELS`.
        at: event time of the action, epoch seconds.
    """
    if level == ALL:
        return dict(context)
    found = {key: _normal(key, value, at) for key, value in context.items() if key in _RETAINED[level]}
    if level == "country":
        found["local_hour"] = local_hour(context, at)
    return {key: value for key, value in found.items() if value is not None} or None


def limited_json(context: str | None, level: str, at: float) -> str | None:
    """The same of a context as JSON.

    >>> limited_json('{"country":"DE","shoe_size":43}', "region", 0.0), limited_json(None, "region", 0.0)
    ('{"country":"DE"}', None)
    """
    if context is None or level == ALL:
        return context
    limited = limited_context(read_context(context), level, at)
    return None if limited is None else context_json(limited)


def _normal(key: str, value: ContextValue, at: float) -> ContextValue:
    """The normal form of a value; None if it has none."""
    if key == "local_hour":
        return read_hour(value)
    if not isinstance(value, str):
        return None
    if key == "country":
        return read_country(value) or None
    if key == "language":
        language = _LANGUAGE.fullmatch(value.lower().replace("_", "-"))
        return language and language[1]
    if key == "timezone":
        return value if hour_in(value, at) is not None else None
    return value if (_REGION if key == "region" else _DEVICE).fullmatch(value) else None
