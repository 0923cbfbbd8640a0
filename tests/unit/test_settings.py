"""Settings: read from variables, validated, and never shown with their secrets."""

import pytest

from recomind.errors import SettingsError
from recomind.settings import Settings


def test_settings_are_read_from_their_variables():
    assert Settings.from_env({"RECOMIND_PARTITIONS": "3", "HOME": "x"}).partitions == 3


def test_a_child_process_reads_the_same_settings_from_the_variables():
    given = Settings(kafka_brokers="k:1", web_port=7)
    assert Settings.from_env(given.environ()) == given


@pytest.mark.parametrize("variable", ["RECOMIND_PARTITIONS", "RECOMIND_COMMIT_INTERVAL"])
@pytest.mark.parametrize("value", ["many", "0", "-1"])
def test_the_error_for_an_invalid_value_names_the_variable(variable, value):
    with pytest.raises(SettingsError, match=variable):
        Settings.from_env({variable: value})


def test_an_unknown_variable_is_an_error():
    with pytest.raises(SettingsError, match="RECOMIND_PARTITONS"):
        Settings.from_env({"RECOMIND_PARTITONS": "3"})


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"RECOMIND_KAFKA_SECURITY_PROTOCOL": "TLS"}, "SASL_SSL"),
        ({"RECOMIND_KAFKA_SASL_MECHANISM": "MD5"}, "SCRAM-SHA-512"),
        ({"RECOMIND_KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "RECOMIND_KAFKA_USER": "u"}, "RECOMIND_KAFKA_PASSWORD"),
        ({"RECOMIND_POSTGRES_DSN": "postgresql://u:s3/cret@h:1/db"}, "%2F"),
        ({"RECOMIND_POSTGRES_DSN": "postgresql://u:s3[cret@h:1/db"}, "%5B"),
        ({"RECOMIND_REDIS_URL": "redis://:s3#cret@h:1/0"}, "%23"),
    ],
)
def test_the_error_for_an_invalid_value_does_not_show_a_secret(variables, named):
    with pytest.raises(SettingsError, match=named) as raised:
        Settings.from_env(variables)
    assert "s3" not in str(raised.value)
    assert "cret" not in str(raised.value)


@pytest.mark.parametrize(
    "dsn", ["postgresql://u:p@a:1,b:2/db", "postgresql://u@/db?host=/run", "postgresql://[::1]:5432/db", ""]
)
def test_every_form_of_address_is_accepted(dsn):
    assert Settings.from_env({"RECOMIND_POSTGRES_DSN": dsn}).postgres_dsn == dsn


def test_the_repr_of_settings_shows_no_secrets():
    text = repr(
        Settings(kafka_password="s3cret", postgres_dsn="postgresql://u:s3cret@h/db", redis_url="redis://:s3cret@h")
    )
    assert "s3cret" not in text
