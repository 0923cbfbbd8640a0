"""How clients reach Kafka: which brokers, whether over TLS, and who we are. The one place that knows."""

import logging
import ssl
from typing import Any

from faust.auth import Credentials, SASLCredentials, SSLCredentials

from recomind.errors import SettingsError
from recomind.settings import Settings


def client_options(settings: Settings) -> dict[str, Any]:
    """What every aiokafka client is made with.

    Raises:
        SettingsError: the file of certificates cannot be read.
    """
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_brokers,
        "security_protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_uses_tls:
        options["ssl_context"] = _tls(settings)
    if settings.kafka_uses_sasl:
        logging.getLogger("aiokafka.conn").setLevel(logging.INFO)  # its debug records hold the password
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_user
        options["sasl_plain_password"] = settings.kafka_password
    return options


def credentials(settings: Settings) -> Credentials | None:
    """The same for Faust's own clients; None where Kafka is open and plain."""
    tls = _tls(settings) if settings.kafka_uses_tls else None
    if settings.kafka_uses_sasl:
        return SASLCredentials(
            username=settings.kafka_user,
            password=settings.kafka_password,
            ssl_context=tls,
            mechanism=settings.kafka_sasl_mechanism,
        )
    return None if tls is None else SSLCredentials(tls)


def _tls(settings: Settings) -> ssl.SSLContext:
    """A context that checks the broker's certificate and name, by the given authority or the system's."""
    try:
        return ssl.create_default_context(cafile=settings.kafka_ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"RECOMIND_KAFKA_CA_FILE={settings.kafka_ca_file}: {error}; name a file of certificates in PEM"
        ) from error
