"""The country of an address, from a GeoIP file of the documentation's addresses."""

import sys
import zlib
from base64 import b64decode

import pytest

from recomind.errors import SettingsError
from recomind_web.geoip import GeoIp

FILE = zlib.decompress(
    b64decode(
        "eNpdzltOAjEYBeBfHBXxiqLgvd6RBOMWvEUBeRKffGjKTMUqtJOZYsTVyLOrcAHuwXk0PrgF8ZjRaNN8OT1/05SoQNRHXyaI+hEc"
        "OAAHiXJEQ8hJOAxTcASOwjE4DifgJEzDKTgNM3AGzsLezhKdx3mOaB5hAS7G/RJcJlpBYHG/CteI1uNmA24SbSFsx32eaAfBwL/r"
        "xDVtbYPOqQoNd40nD/ZrEUuydMSIZUqu0VZpqe0RZscXEcuzYsSW2d7Ty0dV3FeV9nZd03or694FjteeC5VAuibweKgeZDdXVj6/"
        "k0GojO46VU9YUReh5Lbjy7OaDG3x8PsPpabQjbZoyJCcy7rSIujwKxO0hOUtcWOCn0cS/6dK/04fK54M3UD5tnd4rdTbqulx6Rv3"
        "2kncprLvn9NAab0="
    )
)
"""192.0.2.0/24 is in AT; of 198.51.100.0/24 only the continent is known. Written by `mmdb_writer`."""


@pytest.fixture
def path(tmp_path):
    pytest.importorskip("maxminddb", reason="the extra geoip is not installed")
    file = tmp_path / "countries.mmdb"
    file.write_bytes(FILE)
    return file


@pytest.mark.parametrize(
    ("address", "country"),
    [("192.0.2.7", "AT"), ("198.51.100.1", ""), ("203.0.113.1", ""), ("unknown", ""), ("", ""), ("2001:db8::1", "")],
)
def test_an_address_has_the_country_that_the_file_says(path, address, country):
    assert GeoIp.open(str(path)).country(address) == country


def test_a_file_that_cannot_be_read_stops_the_start(path):
    path.write_bytes(b"no database")
    for name in (path, path.with_name("missing")):
        with pytest.raises(SettingsError, match="RECOMIND_GEOIP_FILE"):
            GeoIp.open(str(name))


def test_without_a_file_there_is_none():
    assert GeoIp.open("") is None


def test_without_the_extra_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "maxminddb", None)
    with pytest.raises(SettingsError, match="recomind\\[geoip\\]"):
        GeoIp.open("countries.mmdb")
