"""What several commands share: settings that name real servers."""

import os

from recomind.errors import SettingsError
from recomind.settings import Settings


def settings() -> Settings:
    """The settings from the environment."""
    return Settings.from_env(os.environ)


def connected() -> Settings:
    """The settings, with all three servers named.

    Raises:
        SettingsError: one is not.
    """
    found = settings()
    named = {
        "RECOMIND_KAFKA_BROKERS": found.kafka_brokers,
        "RECOMIND_POSTGRES_DSN": found.postgres_dsn,
        "RECOMIND_REDIS_URL": found.redis_url,
    }
    missing = [name for name, value in named.items() if not value]
    if missing:
        advice = "set them, as `recomind stack` prints them, or use `recomind demo`"
        raise SettingsError(f"{' and '.join(missing)} not set: {advice}")
    return found
