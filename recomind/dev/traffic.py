"""Traffic of simulated users: they request recommendations over HTTP, react to them, and post their actions."""

import asyncio
import threading
from collections import deque
from typing import Any, Final

import aiohttp
from rich.console import Console

from recomind.dev.simulator import Audience
from recomind.settings import Settings
from recomind.stores.archive import Archive

VIDEOS_PER_VISIT: Final = 5

RANDOM_SHARE: Final = 0.15
"""Share of visits that also watch random videos: this is how new videos get their first likes."""

VISITS_PER_REPORT: Final = 50

VISIT_INTERVAL_S: Final = 0.02

RECENT_REACTIONS: Final = 1_000
"""Reactions over which the share of likes is computed."""


async def simulate_visits(settings: Settings, console: Console, stopped: threading.Event) -> None:
    """Visit until `stopped` is set; print the share of likes of recommended and of random videos."""
    audience = Audience()
    await _fill_catalogue(settings, audience)
    base_url = f"http://{settings.web_host}:{settings.web_port}"
    reactions = {way: deque[bool](maxlen=RECENT_REACTIONS) for way in ("recommended", "random")}
    async with aiohttp.ClientSession(base_url, timeout=aiohttp.ClientTimeout(total=30)) as http:
        visit = 0
        while not stopped.is_set():
            await _visit(http, audience, visit, reactions)
            visit += 1
            if visit % VISITS_PER_REPORT == 0:
                shares = ", ".join(f"{name} {sum(some) / max(1, len(some)):.0%}" for name, some in reactions.items())
                console.print(f"{visit} visits; share of likes: {shares}")
            await asyncio.sleep(VISIT_INTERVAL_S)


async def _fill_catalogue(settings: Settings, audience: Audience) -> None:
    archive = Archive(settings.postgres_dsn)
    await archive.open()
    try:
        await archive.put_videos(audience.videos)
    finally:
        await archive.close()


async def _visit(http: aiohttp.ClientSession, audience: Audience, visit: int, reactions: dict[str, Any]) -> None:
    """One user requests a list, watches its videos and reacts; `reactions` gets whether each was a like."""
    user_id = audience.pick_user()
    async with http.get(f"/recommendations/{user_id}", params={"n": VIDEOS_PER_VISIT}) as response:
        shown = [video["video_id"] for video in await response.json()] if response.status == 200 else []
    count = max(1, VIDEOS_PER_VISIT - len(shown)) if visit % 7 < 7 * RANDOM_SHARE else 0
    for way, videos in (("recommended", shown), ("random", [audience.pick_video() for _ in range(count)])):
        actions = [
            {"user_id": user_id, "video_id": video, "action_type": audience.react(user_id, video)} for video in videos
        ]
        if actions:
            reactions[way].extend(action["action_type"] == "like" for action in actions)
            async with http.post("/video_actions", json=actions) as response:
                response.raise_for_status()
