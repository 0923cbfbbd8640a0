"""The HTTP server: it bounds connections and the time that each may take, so that no client keeps others waiting.

The work of a worker, ingestion above all, shares its process with this server. So connections are counted, a client
that sends or reads too slowly is disconnected, and the body of a request is read by `request_body` alone, bounded and
only after the request has been authorised: the server itself inflates nothing.
"""

import asyncio
import socket
from typing import Any, Final, NamedTuple

import msgspec
from aiohttp import web
from aiohttp.web_request import BaseRequest
from faust.web.drivers.aiohttp import Web

from recomind.model.responses import Problem
from recomind.settings import Settings

SERVER_NAME: Final = "RecoMind"

LINGERING_S: Final = 2.0
"""Seconds for which the rest of a body is read and ignored after a response, before the connection is closed."""

WRITE_TIMEOUT_S: Final = 20.0
"""Seconds in which a client must take in an event, or a piece of a file."""

BUSY: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nServer: RecoMind\r\nRetry-After: 2\r\nContent-Length: 0\r\n"
    b"Connection: close\r\n\r\n"
)
"""What a client is sent that cannot be served, as all connections are in use."""


class Limits(NamedTuple):
    """Bounds for the connections of a server."""

    connections: int
    header_s: float = 10.0
    """Seconds from the first byte of a request to the end of its headers."""
    response_s: float = 60.0
    """Seconds in which a client must read a response."""
    idle_s: float = 75.0
    """Seconds without a request after which a connection is closed: longer than proxies keep theirs."""


class Connection(web.RequestHandler):
    """One connection: disconnects a client that sends headers or reads responses too slowly."""

    __slots__ = ("_header_timer", "_limits", "is_evicted")

    def __init__(self, server: "LimitedServer", limits: Limits, **options: Any) -> None:
        super().__init__(server, **options)
        self._limits = limits
        self._header_timer: asyncio.TimerHandle | None = None
        self.is_evicted = False

    @property
    def is_idle(self) -> bool:
        """Whether no request is complete or in progress."""
        return not self._messages and self._current_request is None

    def data_received(self, data: bytes) -> None:
        """Take data in; after the first data of a request its headers must end in time."""
        super().data_received(data)
        if not self.is_idle:
            self._stop_timer()
        elif self._header_timer is None:
            self._header_timer = self._loop.call_later(self._limits.header_s, self._close_if_idle, self._request_count)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop the timer of the headers."""
        self._stop_timer()
        super().connection_lost(exc)

    async def finish_response(
        self, request: BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send the response; if the client does not read it in time, abort the connection, which ends the sending.

        One timer costs a tenth of `asyncio.timeout`, and most responses are sent at once.
        """
        timer = self._loop.call_later(self._limits.response_s, self._abort)
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            timer.cancel()

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The response to what is not HTTP, as a problem; it tells nothing of this process."""
        if isinstance(exc, ConnectionError):  # the client has gone, or reads too slowly
            if self.transport is not None:
                self.transport.abort()
            raise exc
        if status >= 500:
            self.log_exception("error in a request from %s", request.remote, exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("a response has begun already")
        title = "Bad Request" if status == 400 else "Internal Server Error"
        problem = Problem(status=status, title=title, detail=(message or "").split("\n")[0])
        response = web.Response(
            body=msgspec.json.encode(problem), status=status, content_type="application/problem+json"
        )
        response.headers.update({"Server": SERVER_NAME, "X-Content-Type-Options": "nosniff"})
        response.force_close()
        return response

    def _abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()
        self.force_close()

    def _close_if_idle(self, request_count: int) -> None:
        self._header_timer = None
        if self.is_idle and self._request_count == request_count:
            self.force_close()

    def _stop_timer(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None


class LimitedServer(web.Server):
    """Makes connections and bounds their number. A new one takes the place of the one that has been idle longest."""

    def __init__(self, server: web.Server, limits: Limits, options: dict[str, Any]) -> None:
        super().__init__(server.request_handler, request_factory=server.request_factory)
        self._limits = limits
        self._options = options

    def __call__(self) -> web.RequestHandler:
        """A new connection."""
        limits = self._limits
        return Connection(
            self,
            limits,
            loop=self._loop,
            keepalive_timeout=limits.idle_s,
            lingering_time=LINGERING_S,
            auto_decompress=False,
            **self._options,
        )

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Count a connection; if there are too many, end an idle one, or else this one."""
        super().connection_made(handler, transport)
        if len(self._connections) > self._limits.connections and not self._evict_idle(handler):
            transport.write(BUSY)
            handler.force_close()

    def _evict_idle(self, newest: web.RequestHandler) -> bool:
        """End the connection that has been idle longest; returns False if all are busy."""
        idle = [
            one
            for one in self._connections
            if isinstance(one, Connection) and one is not newest and one.is_idle and not one.is_evicted
        ]
        if not idle:
            return False
        longest = min(idle, key=lambda one: one._next_keepalive_close_time)
        longest.is_evicted = True
        self._connections[longest].abort()
        return True


class Runner(web.AppRunner):
    """Runs the application on a `LimitedServer`."""

    def __init__(self, app: web.Application, limits: Limits) -> None:
        super().__init__(app, access_log=None)
        self._limits = limits

    async def _make_server(self) -> web.Server:
        return LimitedServer(await super()._make_server(), self._limits, {"access_log": None})


def install(server: Web, settings: Settings) -> None:
    """Have Faust's web driver serve its application with these bounds."""
    runner = Runner(server.web_app, Limits(settings.connections_limit))
    server._runner = runner
    server._transport_handlers = {"tcp": lambda: web.SockSite(runner, listen(settings.web_host, settings.web_port))}


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on a host or address; `::` takes IPv4 as well, and an IPv6 address may be in brackets.

    Raises:
        OSError: the address is in use or not of this machine.
    """
    address = host.strip("[]")
    family, _, _, _, resolved = socket.getaddrinfo(
        address or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    is_dual = address in {"", "::"} and family == socket.AF_INET6 and socket.has_dualstack_ipv6()
    return socket.create_server(resolved[:2], family=family, backlog=128, dualstack_ipv6=is_dual)


async def write_in_time(response: web.StreamResponse, data: bytes) -> None:
    """Send a part of a response.

    Raises:
        ConnectionResetError: the connection is closed, or the client does not read.
    """
    try:
        async with asyncio.timeout(WRITE_TIMEOUT_S):
            await response.write(data)
    except TimeoutError as error:
        raise ConnectionResetError("the client does not read the response") from error
