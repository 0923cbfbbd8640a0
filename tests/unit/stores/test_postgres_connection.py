"""Addresses of PostgreSQL: parameters of libpq, and those of asyncpg."""

import pytest

from recomind.errors import SettingsError
from recomind.stores.postgres_connection import connection_options

BASE = "postgresql://u:p%40@a:1,b:2/db"


def test_an_address_without_parameters_of_libpq_stays_as_it_is():
    for dsn in (BASE, f"{BASE}?sslmode=verify-full&sslrootcert=/etc/ca.pem", "postgresql://u@/db?host=/run/pg"):
        assert connection_options(dsn, "session") == {"dsn": dsn}


@pytest.mark.parametrize(("value", "seconds"), [("5", 5.0), ("0", None), ("-1", None)])
def test_connect_timeout_is_respected(value, seconds):
    assert connection_options(f"{BASE}?connect_timeout={value}", "session") == {"dsn": BASE, "timeout": seconds}


@pytest.mark.parametrize("parameter", ["channel_binding=prefer", "gssencmode=disable", "keepalives_idle=30"])
def test_a_parameter_without_effect_is_left_out(parameter):
    assert connection_options(f"{BASE}?{parameter}&sslmode=require", "session") == {"dsn": f"{BASE}?sslmode=require"}


@pytest.mark.parametrize("parameter", ["channel_binding=require", "hostaddr=10.0.0.1", "connect_timeout=soon"])
def test_a_parameter_that_cannot_be_respected_is_refused_by_its_name(parameter):
    with pytest.raises(SettingsError, match=parameter.partition("=")[0]):
        connection_options(f"{BASE}?{parameter}", "session")


def test_behind_a_pooler_no_statement_is_prepared_for_later():
    assert connection_options(BASE, "transaction") == {"dsn": BASE, "statement_cache_size": 0}
