"""Server-sent events: a response that stays open and sends a new event whenever its data has changed."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import Final

import msgspec
from aiohttp import web

from recomind.errors import UnavailableError
from recomind.stores.takedown_log import TakedownLog
from recomind_web.request_parsing import app_of
from recomind_web.server import write_in_time
from recomind_web.update_hub import HUB_KEY, POLL_INTERVAL_S, Hub

KEEP_ALIVE_INTERVAL_S: Final = 10.0
"""Seconds without an event after which a comment is sent, so that proxies and browsers keep the connection open."""

MIN_EVENT_INTERVAL_S: Final = 0.1
"""Shortest time between two events of a stream, in seconds."""

MAX_STREAM_DURATION_S: Final = 900.0
"""Seconds after which a stream ends. The browser then opens it again, perhaps on another worker."""

KEEP_ALIVE: Final = b": beat\n\n"

RESPONSE_HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}

MAX_REMOVED: Final = 500
"""Videos that one event `removed` names; of more takedowns there are several events."""

ComposeData = Callable[[], Awaitable[bytes]]
"""Makes the data of an event: JSON in one line."""


async def stream_events(
    request: web.Request,
    name: str,
    compose: ComposeData,
    min_interval: float = MIN_EVENT_INTERVAL_S,
    *,
    tells_removals: bool = False,
) -> web.StreamResponse:
    """Send what `compose` makes, at once and after every write of the list called `name`.

    Args:
        request: the request to respond to.
        name: name of the list; see `Hub.watch`.
        compose: makes the data of an event.
        min_interval: shortest time between two events, in seconds.
        tells_removals: whether events `removed` tell which videos were taken down, first all of the last hour.
    """
    hub = request.app[HUB_KEY]
    with hub.watch(name) as written:
        response = web.StreamResponse(headers=RESPONSE_HEADERS)
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        with suppress(ConnectionResetError):  # the browser has closed the connection, or reads too slowly
            await write_in_time(response, b"retry: 1000\n\n")
            takedowns = app_of(request).ranking_cache.loader.catalogue.takedowns if tells_removals else TakedownLog()
            await _send_events(response, hub, written, compose, min_interval, takedowns)
    return response


async def _send_events(
    response: web.StreamResponse,
    hub: Hub,
    written: asyncio.Event,
    compose: ComposeData,
    min_interval: float,
    takedowns: TakedownLog,
) -> None:
    last_event, deadline, told = b"", monotonic() + MAX_STREAM_DURATION_S, 0
    while not hub.is_closing and monotonic() < deadline:
        written.clear()
        told, removed = takedowns.since(told)
        for start in range(0, len(removed), MAX_REMOVED):
            data = msgspec.json.encode(removed[start : start + MAX_REMOVED])
            await write_in_time(response, b"event: removed\ndata: " + data + b"\n\n")
        event = await _compose_event(compose)
        await write_in_time(response, event if event != last_event else KEEP_ALIVE)
        last_event = event
        await asyncio.sleep(min_interval)
        await _wait_for_write(written, hub, response)


async def _wait_for_write(written: asyncio.Event, hub: Hub, response: web.StreamResponse) -> None:
    """Wait for the next write and send keep-alive comments meanwhile; without Redis, wait for `POLL_INTERVAL_S`."""
    while not hub.is_closing:
        with suppress(TimeoutError):
            timeout = POLL_INTERVAL_S if hub.is_disconnected else KEEP_ALIVE_INTERVAL_S
            await asyncio.wait_for(written.wait(), timeout)
            return
        if hub.is_disconnected:
            return
        await write_in_time(response, KEEP_ALIVE)


async def _compose_event(compose: ComposeData) -> bytes:
    """An event `list` with the data, or an event `away` with the error while a server is unavailable."""
    try:
        return b"event: list\ndata: " + await compose() + b"\n\n"
    except UnavailableError as error:
        return b"event: away\ndata: " + msgspec.json.encode({"detail": str(error)}) + b"\n\n"
