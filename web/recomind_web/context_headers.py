"""The context of a request by headers that the operator trusts (`RECOMIND_CONTEXT_HEADERS`), as proxies set them.

    RECOMIND_CONTEXT_HEADERS=country=CF-IPCountry,timezone=CF-Timezone,device=Sec-CH-UA-Mobile

No header is trusted by default: without a proxy that replaces it, anybody can send any value. A value that cannot be
read is ignored and counted: a proxy must not make requests fail.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from aiohttp import web

from recomind.errors import SettingsError
from recomind.model.action_context import ContextValue
from recomind.model.context_limits import HEADER_KEYS, limited_context

VARIABLE: Final = "RECOMIND_CONTEXT_HEADERS"

_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_UNKNOWN: Final = frozenset({"", "XX", "ZZ"})
"""What proxies send where they do not know the country, or anything."""

_BOOLEANS: Final = {"?1": "phone", "?0": "desktop"}
"""Of the client hint `Sec-CH-UA-Mobile`."""


class ContextHeaders:
    """The headers that are trusted."""

    def __init__(self, names: Mapping[str, str]) -> None:
        """Trust headers; `names` has the key of the context that each one says, one of `HEADER_KEYS`, to its name."""
        self._names = names

    @classmethod
    def parse(cls, setting: str) -> "ContextHeaders":
        """Parse `key=Header-Name,...`; empty for none.

        Raises:
            SettingsError: a key is none of `HEADER_KEYS`, a name is no name of a header, or one of them is missing or
                comes twice.

        >>> ContextHeaders.parse("country=CF-IPCountry").read({"CF-IPCountry": "de"}, print)
        {'country': 'DE'}
        """
        names, keys = dict[str, str](), ", ".join(HEADER_KEYS)
        for entry in setting.split(",") if setting.strip() else ():
            key, _, name = map(str.strip, entry.partition("="))
            if key not in HEADER_KEYS or key in names or not _NAME.fullmatch(name):
                said = entry.strip() or "an entry is empty"
                raise SettingsError(f"{VARIABLE}: {said}: set key=Header-Name, with each of {keys} at most once")
            if name.lower() in map(str.lower, names.values()):
                raise SettingsError(f"{VARIABLE}: {name}: one header cannot say both {key} and another key")
            names[key] = name
        return cls(names)

    def read(self, headers: Mapping[str, str], note: Callable[[str], object]) -> dict[str, ContextValue]:
        """What the headers of a request say, in the form in which a limited context has it.

        Args:
            headers: of the request.
            note: called with the key of each value that cannot be read.
        """
        if not self._names:
            return {}
        given = dict[str, ContextValue]()
        for key, name in self._names.items():
            value = headers.get(name, "").strip().strip('"')
            if value.upper() not in _UNKNOWN:
                given[key] = _BOOLEANS.get(value, value) if key == "device" else value
        found = limited_context(given, "region", 0.0) or {}
        for key in given.keys() - found.keys():
            note(key)
        return found


CONTEXT_HEADERS_KEY: Final = web.AppKey("context_headers", ContextHeaders)
