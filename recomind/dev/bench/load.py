"""HTTP load generator: persistent connections, each sending the next request as soon as it has the response.

Run as `python -m recomind.dev.bench.load PORT CONNECTIONS SECONDS` with paths on standard input; prints one line of
JSON. It writes and parses HTTP by hand, as a client library would use more time than the servers it measures.
"""

import asyncio
import sys
from collections.abc import Iterator
from itertools import cycle
from time import perf_counter
from typing import cast

import msgspec
import uvloop

from recomind.dev.bench.measurements import percentile

HEADERS_END = b"\r\n\r\n"
CONTENT_LENGTH = b"content-length:"


class LoadResult(msgspec.Struct, frozen=True):
    """Throughput and latency of a server."""

    rate: float
    """Responses per second."""
    p50: float
    """Median latency, seconds."""
    p99: float
    failed: int
    """Responses with a status other than 200."""


class LoadConnection(asyncio.Protocol):
    """One connection."""

    def __init__(self, paths: Iterator[str], until: float) -> None:
        self._paths = paths
        self._until = until
        self._received = b""
        self._sent_at = 0.0
        self.latencies: list[float] = []
        self.failed = 0
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast("asyncio.Transport", transport)
        self._send_request()

    def data_received(self, data: bytes) -> None:
        """Send the next request once the response is complete."""
        self._received += data
        head, end, body = self._received.partition(HEADERS_END)
        if not end or len(body) < _content_length(head):
            return
        self.latencies.append(perf_counter() - self._sent_at)
        self.failed += not head.startswith(b"HTTP/1.1 200")
        self._received = b""
        if perf_counter() < self._until:
            self._send_request()
        else:
            self._transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        """Mark the connection as closed."""
        if not self.closed.done():
            self.closed.set_result(None)

    def _send_request(self) -> None:
        self._sent_at = perf_counter()
        self._transport.write(f"GET {next(self._paths)} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())


async def generate_load(port: int, connections: int, seconds: float, paths: list[str]) -> LoadResult:
    """Request the paths in turn for `seconds`."""
    loop, started, cycled_paths = asyncio.get_running_loop(), perf_counter(), cycle(paths)
    connected = [
        (await loop.create_connection(lambda: LoadConnection(cycled_paths, started + seconds), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(connection.closed for connection in connected))
    latencies = [one for connection in connected for one in connection.latencies]
    failed = sum(connection.failed for connection in connected)
    return LoadResult(
        len(latencies) / (perf_counter() - started), percentile(latencies, 50), percentile(latencies, 99), failed
    )


def _content_length(head: bytes) -> int:
    lines = head.lower().split(b"\r\n")
    return next(int(line[len(CONTENT_LENGTH) :]) for line in lines if line.startswith(CONTENT_LENGTH))


if __name__ == "__main__":
    port, connections, seconds = sys.argv[1:]
    result = uvloop.run(generate_load(int(port), int(connections), float(seconds), sys.stdin.read().split()))
    print(msgspec.json.encode(result).decode(), flush=True)
