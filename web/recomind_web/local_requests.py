"""The local context of a request: by its parameters, trusted headers, its address and `Accept-Language`."""

import re
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from recomind.model.action_context import ContextValue
from recomind.model.local_context import FIELDS, read_local_context
from recomind.model.metadata import normal_country
from recomind_web.context_headers import CONTEXT_HEADERS_KEY
from recomind_web.geoip import GeoIp, address_of
from recomind_web.problem_json import BadRequestError
from recomind_web.request_parsing import app_of

GEOIP_KEY: Final = web.AppKey[GeoIp | None]("geoip", GeoIp)

MEANINGS: Final = {
    "country": "an ISO 3166-1 code of two letters, such as DE",
    "local_hour": "an hour from 0 to 23",
    "timezone": "an IANA name, such as Europe/Berlin, or an offset, such as +02:00",
}
"""Parameter to what it must be."""

_HOUR: Final = frozenset({"local_hour", "timezone"})

_REGION: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z]{4})?-([A-Za-z]{2})")
"""A language tag with a country."""


def local_param(request: web.Request) -> str:
    """The local context that a request says, by its parameters, then by trusted headers; empty if it says none.

    Raises:
        BadRequestError: the value of a parameter cannot be read.
    """
    given: dict[str, ContextValue] = {name: request.query[name] for name in FIELDS if name in request.query}
    given = without_second_hour(header_context(request), given) | given
    if not given:
        return ""
    found = read_local_context(given, app_of(request).kafka_producer.clock.now())
    for name in found.faulty:
        raise BadRequestError(f"{name} must be {MEANINGS[name]}", name)
    return found.key


def header_context(request: web.Request) -> dict[str, ContextValue]:
    """What trusted headers say; values that cannot be read are counted, and left out."""
    metrics = app_of(request).metrics
    return request.app[CONTEXT_HEADERS_KEY].read(
        request.headers, lambda key: metrics.unreadable_headers.labels(key).inc()
    )


def without_second_hour(
    found: Mapping[str, ContextValue], known: Mapping[str, ContextValue]
) -> dict[str, ContextValue]:
    """What headers say, without the hour and time zone if these are known: one would contradict the other."""
    return dict(found) if _HOUR.isdisjoint(known) else {key: found[key] for key in found.keys() - _HOUR}


def likely_country(request: web.Request) -> str:
    """The country where a user probably is: by the GeoIP file, or else by the preferred language; empty for none."""
    geoip = request.app[GEOIP_KEY]
    by_address = "" if geoip is None else geoip.country(address_of(request))
    return by_address or language_country(request.headers.get("Accept-Language", ""))


def country_param(request: web.Request) -> str:
    """Parse `?country=` alone; empty if it is absent.

    Raises:
        InvalidFieldError: it is no code of two letters.
    """
    return normal_country(request.query["country"]) if "country" in request.query else ""


def language_country(header: str) -> str:
    """The country in the preferred language of an `Accept-Language` header; empty if it names none.

    >>> [language_country(one) for one in ("de-at,de;q=0.9", "en;q=0.5, pt-BR", "de", "*", "zh-Hant-TW")]
    ['AT', 'BR', '', '', 'TW']
    """
    preferred, best = "", 0.0
    for part in header.split(","):
        name, _, weight = part.partition(";")
        quality = _quality(weight)
        if quality > best:
            preferred, best = name.strip(), quality
    found = _REGION.fullmatch(preferred)
    return found[1].upper() if found else ""


def _quality(weight: str) -> float:
    """The quality of a language, from 0 to 1; 1 where none is given, 0 where it cannot be read."""
    name, _, value = weight.strip().partition("=")
    if not name:
        return 1.0
    return float(value) if name.strip() == "q" and re.fullmatch(r"[01](\.\d{0,3})?", value.strip()) else 0.0
