"""The local context of an action or a request: the country, and the quarter of the day by local time.

It is as fine as anything that is counted or learned by place and time. It is read from the free `context` of an action:
`country`, and either `local_hour` or `timezone`. A value that cannot be read is ignored: it never fails an action. A
local context is a short text, such as `DE3`: the country, then the quarter, 0 from midnight on. Either may be missing.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final, NamedTuple

from recomind.model.action_context import ContextValue, read_context
from recomind.model.metadata import normal_country
from recomind.model.text import InvalidFieldError

QUARTERS: Final = 4
HOURS_PER_QUARTER: Final = 6

NO_LOCAL_CONTEXT: Final = ""
"""Neither the country nor the hour is known."""

FIELDS: Final = ("country", "local_hour", "timezone")
"""Keys of an action's context, and parameters of a request, that are read."""

_OFFSET: Final = re.compile(r"([+-])(\d\d):?(\d\d)")
_MAX_ZONE_LENGTH: Final = 64


class LocalContext(NamedTuple):
    """What was read, and which values could not be."""

    key: str
    """The local context, see the module."""
    faulty: tuple[str, ...] = ()
    """The keys of values that were ignored."""


def local_key(country: str, hour: int | None) -> str:
    """The local context of a country, empty if it is not known, and of a local hour.

    >>> local_key("DE", 19), local_key("", 5), local_key("DE", None)
    ('DE3', '0', 'DE')
    """
    return country if hour is None else f"{country}{hour // HOURS_PER_QUARTER}"


def country_of(key: str) -> str:
    """The country of a local context; empty if it is not known.

    >>> country_of("DE3"), country_of("0")
    ('DE', '')
    """
    return key.rstrip("0123")


def quarter_of(key: str) -> str:
    """The quarter of the day of a local context as text; empty if it is not known.

    >>> quarter_of("DE3"), quarter_of("DE")
    ('3', '')
    """
    return key[len(country_of(key)) :]


def local_context(context: str | None, at: float) -> str:
    """The local context of an action.

    Args:
        context: of the action, as JSON; None if it has none.
        at: event time, epoch seconds.
    """
    return NO_LOCAL_CONTEXT if context is None else read_local_context(read_context(context), at).key


def read_local_context(values: Mapping[str, ContextValue], at: float) -> LocalContext:
    """The local context that values of `FIELDS` say; others are left alone.

    >>> read_local_context({"country": "de", "timezone": "+02:00", "device": "phone"}, 17 * 3600.0)
    LocalContext(key='DE3', faulty=())
    >>> read_local_context({"country": "Germany", "local_hour": 8}, 0.0)
    LocalContext(key='1', faulty=('country',))
    """
    if values.keys().isdisjoint(FIELDS):
        return LocalContext(NO_LOCAL_CONTEXT)
    country, hour, zone = (values.get(name) for name in FIELDS)
    own_country = "" if country is None else read_country(country)
    found = {"country": own_country or None, "local_hour": read_hour(hour), "timezone": hour_in(zone, at)}
    faulty = tuple([name for name in FIELDS if values.get(name) is not None and found[name] is None])
    return LocalContext(local_key(own_country, local_hour(values, at)), faulty)


def local_hour(values: Mapping[str, ContextValue], at: float) -> int | None:
    """The local hour that values of `FIELDS` say at a time, from 0 to 23; None if they say none.

    >>> local_hour({"timezone": "-01:00"}, 0.0), local_hour({"local_hour": 8.5}, 0.0), local_hour({}, 0.0)
    (23, 8, None)
    """
    hour, zone = values.get("local_hour"), values.get("timezone")
    found = None if hour is None else read_hour(hour)
    return hour_in(zone, at) if found is None and zone is not None else found


def faulty_local_fields(values: Mapping[str, ContextValue]) -> frozenset[str]:
    """The values of an action's context that cannot be read.

    >>> faulty_local_fields({"country": "Germany", "local_hour": 8})
    frozenset({'context.country'})
    """
    return frozenset(f"context.{name}" for name in read_local_context(values, 0.0).faulty)


def read_country(value: ContextValue) -> str:
    """A country in upper case; empty for what is no code of two letters."""
    try:
        return normal_country(value) if isinstance(value, str) else ""
    except InvalidFieldError:
        return ""


def read_hour(value: ContextValue) -> int | None:
    """An hour from 0 to 23: a number, also as text, whose fraction does not count; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        hour = float(value)
    except ValueError:
        return None
    return int(hour) if 0 <= hour < 24 else None


def hour_in(value: ContextValue, at: float) -> int | None:
    """The hour in a time zone at a time; None if there is no such zone."""
    zone = _zone(value) if isinstance(value, str) and len(value) <= _MAX_ZONE_LENGTH else None
    if zone is None:
        return None
    moment = datetime.fromtimestamp(at, UTC)
    try:
        return moment.astimezone(zone).hour
    except (OverflowError, ValueError):  # within hours of the year 10000
        return moment.hour


@lru_cache(maxsize=1024)
def _zone(name: str) -> tzinfo | None:
    """A time zone from its IANA name or its offset, such as `+05:30`; None if there is no such zone."""
    if found := _OFFSET.fullmatch(name):
        minutes = 60 * int(found[2]) + int(found[3])
        return timezone((1 if found[1] == "+" else -1) * timedelta(minutes=minutes)) if minutes < 24 * 60 else None
    from zoneinfo import ZoneInfo  # here, as the client imports this module, and needs no time zones

    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # also for names that are folders of the data base
        return None
