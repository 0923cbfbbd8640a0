"""The simulated audience at play: it asks for recommendations over HTTP, reacts, and posts what it did."""

import asyncio
import threading
from collections import deque
from typing import Any, Final

import aiohttp
from rich.console import Console

from recomind.dev.simulator import Audience
from recomind.settings import Settings
from recomind.stores.archive import Archive

WATCHED: Final = 5
"""Videos a person watches at a time."""

CHANCE: Final = 0.15
"""Share of videos that are found by chance, not recommended: how new ones get their first likes."""

REPORT: Final = 50
"""Visits between two lines of report."""

PAUSE: Final = 0.02
"""Seconds between visits."""


async def play(settings: Settings, console: Console, ended: threading.Event) -> None:
    """Play until `ended`; say now and then how large the share of likes is, recommended and by chance."""
    audience = Audience()
    await _fill_catalogue(settings, audience)
    base = f"http://{settings.web_host}:{settings.web_port}"
    scores = {"recommended": deque[bool](maxlen=1000), "by chance": deque[bool](maxlen=1000)}
    async with aiohttp.ClientSession(base, timeout=aiohttp.ClientTimeout(total=30)) as http:
        visit = 0
        while not ended.is_set():
            await _visit(http, audience, visit, scores)
            visit += 1
            if visit % REPORT == 0:
                shares = ", ".join(f"{name} {sum(some) / max(1, len(some)):.0%}" for name, some in scores.items())
                console.print(f"{visit} visits; share of likes: {shares}")
            await asyncio.sleep(PAUSE)


async def _fill_catalogue(settings: Settings, audience: Audience) -> None:
    archive = Archive(settings.postgres_dsn)
    await archive.open()
    try:
        await archive.put_videos(audience.videos)
    finally:
        await archive.close()


async def _visit(http: aiohttp.ClientSession, audience: Audience, visit: int, scores: dict[str, Any]) -> None:
    """One person opens the app, watches some videos and reacts."""
    person = audience.pick_person()
    async with http.get(f"/recommendations/{person}", params={"n": WATCHED}) as answer:
        shown = [video["video_id"] for video in await answer.json()] if answer.status == 200 else []
    found = [audience.pick_video() for _ in range(max(1, WATCHED - len(shown)))] if visit % 7 < 7 * CHANCE else []
    for way, videos in (("recommended", shown), ("by chance", found)):
        actions = [
            {"user_id": person, "video_id": video, "action_type": audience.react(person, video)} for video in videos
        ]
        if actions:
            scores[way].extend(action["action_type"] == "like" for action in actions)
            async with http.post("/video_actions", json=actions) as answer:
                answer.raise_for_status()
