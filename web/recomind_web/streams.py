"""Server-sent events: one answer that goes on, with a new event whenever what it shows has changed."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import Final

import msgspec
from aiohttp import web

from recomind.errors import UnavailableError
from recomind_web.hub import HUB, POLL, Hub

BEAT: Final = 10.0
"""Seconds of silence after which a comment tells the browser, and whatever stands between, that the stream lives."""

PACE: Final = 0.1
"""Least seconds between two events of a stream."""

LONGEST: Final = 900.0
"""Seconds after which a stream ends and the browser opens it again, perhaps on another worker."""

HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}

Compose = Callable[[], Awaitable[bytes]]


async def stream(request: web.Request, name: str, compose: Compose, pace: float = PACE) -> web.StreamResponse:
    """Answer with what `compose` makes, again whenever the list called `name` has been written.

    Args:
        request: what is answered.
        name: whose list; see `Hub.watch`.
        compose: makes the event's data, JSON in one line.
        pace: least seconds between two events.
    """
    hub = request.app[HUB]
    with hub.watch(name) as news:
        response = web.StreamResponse(headers=HEADERS)
        await response.prepare(request)
        with suppress(ConnectionResetError):  # the browser has gone
            await response.write(b"retry: 1000\n\n")
            await _tell(response, hub, news, compose, pace)
    return response


async def _tell(response: web.StreamResponse, hub: Hub, news: asyncio.Event, compose: Compose, pace: float) -> None:
    told, end = b"", monotonic() + LONGEST
    while not hub.closing and monotonic() < end:
        news.clear()
        event = await _event(compose)
        await response.write(event if event != told else b": beat\n\n")
        told = event
        await asyncio.sleep(pace)
        await _until(news, hub, response)


async def _until(news: asyncio.Event, hub: Hub, response: web.StreamResponse) -> None:
    """Wait for news; meanwhile say now and then that the stream lives. Ask again without news while Redis is away."""
    while not hub.closing:
        with suppress(TimeoutError):
            await asyncio.wait_for(news.wait(), POLL if hub.away else BEAT)
            return
        if hub.away:
            return
        await response.write(b": beat\n\n")


async def _event(compose: Compose) -> bytes:
    try:
        return b"event: list\ndata: " + await compose() + b"\n\n"
    except UnavailableError as error:
        return b"event: away\ndata: " + msgspec.json.encode({"detail": str(error)}) + b"\n\n"
