"""The country of an address, from the operator's own GeoIP file (`RECOMIND_GEOIP_FILE`, a MaxMind DB).

Of what the file knows of an address, only the country is read. The package that reads such files is the extra `geoip`.
"""

from importlib import import_module
from typing import Any

from aiohttp import web

from recomind.errors import SettingsError

VARIABLE = "RECOMIND_GEOIP_FILE"


class GeoIp:
    """An open GeoIP file."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    @classmethod
    def open(cls, path: str) -> "GeoIp | None":
        """Open a file; None for no path.

        Raises:
            SettingsError: it cannot be read, or the extra `geoip` is not installed.
        """
        if not path:
            return None
        try:
            maxminddb = import_module("maxminddb")
        except ModuleNotFoundError as error:
            raise SettingsError(f"{VARIABLE} needs the extra geoip: pip install 'recomind[geoip]'") from error
        try:
            return cls(maxminddb.open_database(path))
        except (OSError, maxminddb.InvalidDatabaseError) as error:
            raise SettingsError(f"{VARIABLE}={path} is no GeoIP file that can be read: {error}") from error

    def country(self, address: str) -> str:
        """The country of an address, ISO 3166-1; empty if it is not known, or this is no address."""
        try:
            found = self._reader.get(address)
        except ValueError:
            return ""
        country = found.get("country") if isinstance(found, dict) else None
        code = country.get("iso_code") if isinstance(country, dict) else None
        return code if isinstance(code, str) else ""


def address_of(request: web.Request) -> str:
    """The address of the user: the first one in `X-Forwarded-For`, which callers pass on, else that of the caller."""
    forwarded = request.headers.get("X-Forwarded-For", "").partition(",")[0].strip()
    return forwarded or request.remote or ""
