"""Load: asks for lists over kept connections, each asking again as soon as it has its answer.

Run as `python -m recomind.dev.bench.load PORT CONNECTIONS SECONDS` with paths on standard input; prints one line of
JSON. It writes and reads HTTP by hand, as a client library takes more time than the servers it would measure.
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

END = b"\r\n\r\n"
LENGTH = b"content-length:"


class Load(msgspec.Struct, frozen=True):
    """How a server answered."""

    rate: float
    """Answers a second."""
    p50: float
    """Seconds from request to answer, the median."""
    p99: float
    failed: int
    """Answers other than 200."""


class Asker(asyncio.Protocol):
    """One connection."""

    def __init__(self, paths: Iterator[str], until: float) -> None:
        self._paths = paths
        self._until = until
        self._read = b""
        self._asked_at = 0.0
        self.took: list[float] = []
        self.failed = 0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Ask again once the answer is complete."""
        self._read += data
        head, found, body = self._read.partition(END)
        if not found or len(body) < _length(head):
            return
        self.took.append(perf_counter() - self._asked_at)
        self.failed += not head.startswith(b"HTTP/1.1 200")
        self._read = b""
        if perf_counter() < self._until:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        """The end."""
        if not self.ended.done():
            self.ended.set_result(None)

    def _ask(self) -> None:
        self._asked_at = perf_counter()
        self._transport.write(f"GET {next(self._paths)} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())


async def load(port: int, connections: int, seconds: float, paths: list[str]) -> Load:
    """Ask for the paths again and again."""
    loop, started, around = asyncio.get_running_loop(), perf_counter(), cycle(paths)
    askers = [
        (await loop.create_connection(lambda: Asker(around, started + seconds), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(asker.ended for asker in askers))
    took = [one for asker in askers for one in asker.took]
    failed = sum(asker.failed for asker in askers)
    return Load(len(took) / (perf_counter() - started), percentile(took, 50), percentile(took, 99), failed)


def _length(head: bytes) -> int:
    lines = head.lower().split(b"\r\n")
    return next(int(line[len(LENGTH) :]) for line in lines if line.startswith(LENGTH))


if __name__ == "__main__":
    port, connections, seconds = sys.argv[1:]
    found = uvloop.run(load(int(port), int(connections), float(seconds), sys.stdin.read().split()))
    print(msgspec.json.encode(found).decode(), flush=True)
