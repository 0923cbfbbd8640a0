"""Users who act and ask: actions are posted at a steady rate, and after some of them the user asks for a list.

The list is fresh if it counts the action: the request names the action's token. The delay is the time from the response
to `POST /video_action` until a list that counts it is answered.
"""

import asyncio
from collections.abc import Iterator
from itertools import islice
from time import perf_counter
from typing import NamedTuple

import aiohttp
import msgspec

from recomind.dev.bench.bench import Worker
from recomind.model.events import Action
from recomind.stream.log_replay import encode_action

ASK_EVERY = 10
"""Of so many actions one is followed by a request: a page of ten videos, each of which is acted on."""

TIMEOUT_S = 30.0
"""An action that is in no list by then gets this delay."""


class Delay(NamedTuple):
    """Time until a user got a list that counts an action."""

    at: float
    """Time of the response to the action, `perf_counter` seconds."""
    seconds: float


async def post_and_ask(worker: Worker, actions: Iterator[Action], rate: float, seconds: float) -> list[Delay]:
    """Post the next actions at `rate` per second for `seconds`, independent of the response times; ask for lists."""
    asked: list[asyncio.Task[Delay]] = []
    async with aiohttp.ClientSession(worker.base_url) as http, asyncio.TaskGroup() as tasks:
        started = perf_counter()
        for number, action in enumerate(islice(actions, max(ASK_EVERY, int(rate * seconds)))):
            await asyncio.sleep(max(0.0, started + number / rate - perf_counter()))
            if number % ASK_EVERY:
                tasks.create_task(post(http, action))
            else:
                asked.append(tasks.create_task(post_and_wait(http, action)))
    return [one.result() for one in asked]


async def post(http: aiohttp.ClientSession, action: Action) -> str:
    """Post an action; returns its token."""
    async with http.post("/video_action", data=encode_action(action)) as response:
        token: str = msgspec.json.decode(await response.read())["token"]
        return token


async def post_and_wait(http: aiohttp.ClientSession, action: Action) -> Delay:
    """Post an action, and ask for a list until one counts it."""
    token, at = await post(http, action), perf_counter()
    path = f"/recommendations/{action.user_id}?after={token}"
    while perf_counter() - at < TIMEOUT_S:
        async with http.get(path) as response:
            await response.read()
            if response.headers.get("X-RecoMind-After") == "counted":
                return Delay(at, perf_counter() - at)
    return Delay(at, TIMEOUT_S)
