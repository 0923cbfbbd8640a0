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


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"RECOMIND_REDIS_URL": "cache:6379"}, "redis://"),
        ({"RECOMIND_REDIS_URL": "cache"}, "redis://"),
        ({"RECOMIND_REDIS_URL": "http://cache:6379"}, "redis://"),
        ({"RECOMIND_POSTGRES_DSN": "host=db dbname=recomind password=s3cret"}, "postgresql://"),
        ({"RECOMIND_KAFKA_BROKERS": "kafka://k:9092"}, "without a scheme"),
        ({"RECOMIND_POSTGRES_POOLING": "statement"}, "transaction"),
    ],
)
def test_an_address_of_another_form_is_an_error_that_shows_the_form(variables, named):
    with pytest.raises(SettingsError, match=named) as raised:
        Settings.from_env(variables)
    assert "s3cret" not in str(raised.value)


def service_links(service):
    """What Kubernetes adds to a container for a Service with a port that is named http."""
    name = service.upper().replace("-", "_")
    return {
        f"{name}_SERVICE_HOST": "10.0.0.7",
        f"{name}_SERVICE_PORT": "6066",
        f"{name}_SERVICE_PORT_HTTP": "6066",
        f"{name}_PORT": "tcp://10.0.0.7:6066",
        f"{name}_PORT_6066_TCP": "tcp://10.0.0.7:6066",
        f"{name}_PORT_6066_TCP_PROTO": "tcp",
        f"{name}_PORT_6066_TCP_PORT": "6066",
        f"{name}_PORT_6066_TCP_ADDR": "10.0.0.7",
    }


@pytest.mark.parametrize("service", ["recomind", "recomind-web", "recomind-redis", "recomind-port"])
def test_what_kubernetes_adds_for_a_service_is_ignored_with_a_warning(caplog, service):
    assert Settings.from_env(service_links(service)) == Settings()
    assert all(name in caplog.text for name in service_links(service))


def test_a_port_stays_a_setting_and_a_misspelt_port_an_error():
    assert Settings.from_env({"RECOMIND_WEB_PORT": "80"}).web_port == 80
    with pytest.raises(SettingsError, match="RECOMIND_HTTP_PORT"):
        Settings.from_env({"RECOMIND_HTTP_PORT": "80"})


def test_the_repr_of_settings_shows_no_secrets():
    text = repr(
        Settings(kafka_password="s3cret", postgres_dsn="postgresql://u:s3cret@h/db", redis_url="redis://:s3cret@h")
    )
    assert "s3cret" not in text
