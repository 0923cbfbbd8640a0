"""The three servers together: started concurrently, stopped in reverse order."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

from recomind.dev.stack.kafka import Kafka
from recomind.dev.stack.postgres import Postgres
from recomind.dev.stack.redis import Redis
from recomind.dev.stack.running import lock_folder, remove_addresses, write_addresses
from recomind.dev.stack.server import Server
from recomind.settings import Settings

Progress = Callable[[str], None]
"""Called with a description of each step."""


class Stack:
    """Embedded servers for those that the settings give no address of.

    >>> with Stack(Settings(data_dir="/somewhere")) as stack:  # doctest: +SKIP
    ...     stack.settings.kafka_brokers
    '127.0.0.1:54321'
    """

    def __init__(self, settings: Settings, on_progress: Progress = lambda _: None) -> None:
        self._settings = settings
        self._on_progress = on_progress
        folder = settings.data_path
        self.kafka = None if settings.kafka_brokers else Kafka(folder / "kafka")
        self.postgres = None if settings.postgres_dsn else Postgres(folder / "postgres")
        self.redis = None if settings.redis_url else Redis(folder / "redis")
        self._exit = ExitStack()

    @property
    def servers(self) -> list[Server]:
        """The embedded ones."""
        return [server for server in (self.redis, self.postgres, self.kafka) if server]

    @property
    def settings(self) -> Settings:
        """The settings with the embedded servers' addresses filled in."""
        given = self._settings
        return replace(
            given,
            kafka_brokers=self.kafka.address if self.kafka else given.kafka_brokers,
            kafka_security_protocol="PLAINTEXT" if self.kafka else given.kafka_security_protocol,
            postgres_dsn=self.postgres.address if self.postgres else given.postgres_dsn,
            redis_url=self.redis.address if self.redis else given.redis_url,
        )

    def __enter__(self) -> "Stack":
        try:
            self._start()
        except BaseException:
            self._exit.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    def _start(self) -> None:
        if self.servers:
            self._exit.enter_context(lock_folder(self._settings.data_path))
        for server in self.servers:
            self._on_progress(f"preparing {server.name}{server.first_time_note()}")
            server.prepare()
            self._exit.callback(self._stop, server)
            server.start()
        for server in self.servers:
            self._on_progress(f"waiting for {server.name}")
            server.wait_ready()
            self._on_progress(f"{server.name} is ready: {server.address}")
        if self.servers:
            self._exit.callback(remove_addresses, self._settings.data_path)
            write_addresses(self.settings)

    def _stop(self, server: Server) -> None:
        self._on_progress(f"stopping {server.name}")
        server.stop()
