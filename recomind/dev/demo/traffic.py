"""Traffic of a simulated community, all of it over HTTP: users request lists, watch, and post what they did.

Users of a round request their lists at once, watch for a moment, and then post their reactions. They watch nothing but
what they are shown, and know nothing but their own taste. Meanwhile videos are uploaded, and tastes change.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from time import monotonic, time
from typing import Any, Final, NamedTuple

import aiohttp

from recomind.dev.simulator import Community
from recomind.dev.stack.running import TrafficGate
from recomind.model.catalogue import Video

VIDEOS_PER_VISIT: Final = 5

ROUND: Final = 10
"""Users who visit at the same time."""

WATCH_S: Final = 1.0
"""Time between a list and the reactions to it."""

UPLOAD_INTERVAL_S: Final = 4.0
CHANGE_INTERVAL_S: Final = 3.0
"""Time between two changes of a user's taste: each user's changes about twice an hour."""

AWAY_INTERVAL_S: Final = 1.0
"""Pause after a request that the worker did not answer."""

RECENT_S: Final = 60.0
"""Period over which the share of likes is computed."""


class _Visit(NamedTuple):
    """What a user was shown, and how many of that they liked."""

    at: float
    shown: int
    liked: int


class Visits:
    """Visits of a community to a worker, and which share of what they were shown the users liked."""

    def __init__(self, base_url: str, community: Community, gate: TrafficGate) -> None:
        self.count = 0
        """Visits so far."""
        self._base_url = base_url
        self._community = community
        self._gate = gate
        self._recent: deque[_Visit] = deque()
        self._started_at = self._uploaded_at = self._changed_at = monotonic()

    def like_share(self) -> float:
        """Share of what users were shown in the last minute that they liked, by their own count."""
        while self._recent and self._recent[0].at < monotonic() - RECENT_S:
            self._recent.popleft()
        return sum(one.liked for one in self._recent) / max(1, sum(one.shown for one in self._recent))

    async def make(self, count: int | None, on_round: Callable[[], object]) -> None:
        """Make `count` visits at once, or rounds of visits until cancelled; while the worker is away, wait for it.

        Args:
            count: how many; None: without end.
            on_round: called after each round.
        """
        async with aiohttp.ClientSession(self._base_url, timeout=aiohttp.ClientTimeout(total=30)) as http:
            while True:
                try:
                    await self._round(http, ROUND if count is None else count)
                except (aiohttp.ClientError, TimeoutError):  # it is being started again
                    await asyncio.sleep(AWAY_INTERVAL_S)
                    continue
                on_round()
                if count is not None:
                    return

    async def _round(self, http: aiohttp.ClientSession, size: int) -> None:
        users = list({self._community.pick_user(): None for _ in range(size)})
        async with self._gate.passing():
            await self._go_on(http)
            lists = await asyncio.gather(*(_shown(http, user) for user in users))
        await asyncio.sleep(WATCH_S)
        async with self._gate.passing():
            await asyncio.gather(*(self._react(http, user, *one) for user, one in zip(users, lists, strict=True)))

    async def _go_on(self, http: aiohttp.ClientSession) -> None:
        """Upload videos and change tastes, as time passes."""
        now = monotonic()
        while self._uploaded_at + UPLOAD_INTERVAL_S <= now:
            self._uploaded_at += UPLOAD_INTERVAL_S
            await _upload(http, self._community.upload(time()))
        while self._changed_at + CHANGE_INTERVAL_S <= now:
            self._changed_at += CHANGE_INTERVAL_S
            self._community.change_taste()

    async def _react(
        self, http: aiohttp.ClientSession, user_id: str, shown: Sequence[str], list_id: str | None
    ) -> None:
        reactions = [self._community.react(user_id, video) for video in shown]
        actions = [
            {"user_id": user_id, "video_id": video, "action_type": reaction}
            for video, reaction in zip(shown, reactions, strict=True)
        ]
        if list_id:
            actions = [{**action, "list_id": list_id} for action in actions]
        if actions:
            async with http.post("/video_actions", json=actions) as response:
                response.raise_for_status()
        self._recent.append(_Visit(monotonic(), len(reactions), reactions.count("like")))
        self.count += 1


async def _shown(http: aiohttp.ClientSession, user_id: str) -> tuple[list[str], str | None]:
    """The videos that a user is shown, and the id of their list."""
    async with http.get(f"/recommendations/{user_id}", params={"n": VIDEOS_PER_VISIT}) as response:
        if response.status != 200:
            return [], None
        return [video["video_id"] for video in await response.json()], response.headers.get("X-RecoMind-List")


async def _upload(http: aiohttp.ClientSession, video: Video) -> None:
    fields: dict[str, Any] = {
        "title": video.title,
        "url": video.url,
        "tags": list(video.tags),
        "creator_id": video.creator_id,
        "created_at": datetime.fromtimestamp(video.created_at, UTC).isoformat(),
    }
    async with http.put(f"/videos/{video.video_id}", json=fields) as response:
        response.raise_for_status()
