"""Traffic of simulated users: they request recommendations over HTTP, react to them, and post their actions."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import aiohttp

from recomind.dev.simulator import Audience
from recomind.dev.stack.running import TrafficGate

VIDEOS_PER_VISIT: Final = 5

RANDOM_SHARE: Final = 0.15
"""Share of visits that also watch random videos: this is how new videos get their first likes."""

VISIT_INTERVAL_S: Final = 0.02

AWAY_INTERVAL_S: Final = 1.0
"""Pause after a request that the worker did not answer."""

RECENT_REACTIONS: Final = 1_000
"""Reactions over which the share of likes is computed."""


class Visits:
    """Visits of an audience to a worker, and which share of what they watched they liked."""

    def __init__(self, base_url: str, audience: Audience, gate: TrafficGate) -> None:
        self._base_url = base_url
        self._audience = audience
        self._gate = gate
        self._reactions = {way: deque[bool](maxlen=RECENT_REACTIONS) for way in ("recommended", "random")}
        self._count = 0

    def __str__(self) -> str:
        shares = ", ".join(f"{way} {sum(some) / max(1, len(some)):.0%}" for way, some in self._reactions.items())
        return f"{self._count:,} visits; share of likes: {shares}"

    async def make(self, count: int | None, on_visit: Callable[[int], None]) -> None:
        """Make `count` visits, or visits until cancelled; while the worker is away, wait for it.

        Args:
            count: how many; None: without end.
            on_visit: called with the number of visits so far after each.
        """
        end = None if count is None else self._count + count
        async with aiohttp.ClientSession(self._base_url, timeout=aiohttp.ClientTimeout(total=30)) as http:
            while end is None or self._count < end:
                try:
                    async with self._gate.passing():
                        await _visit(http, self._audience, self._count, self._reactions)
                except (aiohttp.ClientError, TimeoutError):  # it is being started again
                    await asyncio.sleep(AWAY_INTERVAL_S)
                    continue
                self._count += 1
                on_visit(self._count)
                await asyncio.sleep(VISIT_INTERVAL_S)


async def _visit(http: aiohttp.ClientSession, audience: Audience, visit: int, reactions: dict[str, Any]) -> None:
    """One user requests a list, watches its videos and reacts; `reactions` gets whether each was a like."""
    user_id = audience.pick_user()
    async with http.get(f"/recommendations/{user_id}", params={"n": VIDEOS_PER_VISIT}) as response:
        shown = [video["video_id"] for video in await response.json()] if response.status == 200 else []
        list_id = response.headers.get("X-RecoMind-List")
    count = max(1, VIDEOS_PER_VISIT - len(shown)) if visit % 7 < 7 * RANDOM_SHARE else 0
    for way, videos in (("recommended", shown), ("random", [audience.pick_video() for _ in range(count)])):
        actions = [
            {"user_id": user_id, "video_id": video, "action_type": audience.react(user_id, video)} for video in videos
        ]
        if way == "recommended" and list_id:
            actions = [{**action, "list_id": list_id} for action in actions]
        if actions:
            reactions[way].extend(action["action_type"] == "like" for action in actions)
            async with http.post("/video_actions", json=actions) as response:
                response.raise_for_status()
