"""How clients connect to Kafka: brokers, TLS and SASL, for aiokafka and for Faust."""

import logging
import ssl
from typing import Any

from faust.auth import Credentials, SASLCredentials, SSLCredentials

from recomind.errors import SettingsError
from recomind.settings import Settings


def client_options(settings: Settings) -> dict[str, Any]:
    """Keyword arguments for every aiokafka client.

    Raises:
        SettingsError: `RECOMIND_KAFKA_CA_FILE` cannot be read.
    """
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_brokers,
        "security_protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_uses_tls:
        options["ssl_context"] = _ssl_context(settings)
    if settings.kafka_uses_sasl:
        logging.getLogger("aiokafka.conn").setLevel(logging.INFO)  # its debug records contain the password
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_user
        options["sasl_plain_password"] = settings.kafka_password
    return options


def credentials(settings: Settings) -> Credentials | None:
    """The same for Faust's clients; None where Kafka needs neither TLS nor SASL."""
    context = _ssl_context(settings) if settings.kafka_uses_tls else None
    if settings.kafka_uses_sasl:
        return SASLCredentials(
            username=settings.kafka_user,
            password=settings.kafka_password,
            ssl_context=context,
            mechanism=settings.kafka_sasl_mechanism,
        )
    return None if context is None else SSLCredentials(context)


def _ssl_context(settings: Settings) -> ssl.SSLContext:
    """A context that verifies the broker's certificate and host name, against the given or the system's authorities."""
    try:
        return ssl.create_default_context(cafile=settings.kafka_ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"RECOMIND_KAFKA_CA_FILE={settings.kafka_ca_file}: {error}; set it to a file of certificates in PEM format"
        ) from error
