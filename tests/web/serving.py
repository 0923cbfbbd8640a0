"""A worker's HTTP server within the test's process, as a worker serves it. No Kafka, Redis or PostgreSQL runs."""

from dataclasses import replace

from recomind.dev.stack.server import free_port
from recomind.settings import Settings
from recomind.worker import build

NO_SERVERS = Settings(
    kafka_brokers="127.0.0.1:1", postgres_dsn="postgresql://127.0.0.1:1/x", redis_url=f"redis://127.0.0.1:{free_port()}"
)


class Served:
    """The server, and its address."""

    def __init__(self, limits=None, **settings):
        settings = {"web_port": free_port(), **settings}
        self.app = build(replace(NO_SERVERS, **settings))
        if limits is not None:
            self.app.web._runner._limits = limits
        self.port = settings["web_port"]
        self.base_url = f"http://127.0.0.1:{self.port}"

    async def __aenter__(self):
        await self.app.web.start_server()
        return self

    async def __aexit__(self, *_):
        await self.app.web._runner.cleanup()
