"""Looking: a user on the page acts and asks, while all users of an import wait for their lists."""

import asyncio
from collections.abc import Sequence

import aiohttp

from recomind.dev.bench.asking import Delay, post_and_wait
from recomind.dev.bench.bench import Bench, Worker
from recomind.dev.bench.measurements import Measurement, at_most, percentile
from recomind.dev.simulator import Audience
from recomind.model.events import Action
from recomind.model.ids import UserId, VideoId

NAME = "looking"

USERS = 20_000
"""Users of the import, with one action each."""

PAUSE_S = 0.1
"""Between a list and the next action."""


async def run(bench: Bench) -> list[Measurement]:
    """Import, and measure the delays of the lists of a user who looks while the users of the import wait."""
    audience = Audience(bench.size(USERS, 4_000), 1000)
    await bench.prepare(audience.videos)
    imported = [
        Action(user, audience.pick_video(), "like", 1.7e9 + number) for number, user in enumerate(audience.users)
    ]
    with bench.worker() as worker:
        await worker.wait_until_ready()
        await bench.feed(imported)
        await bench.wait_until_committed([worker], len(imported))
        at_first = await worker.read_metric("recomind_pending_refreshes")
        delays = await _look(worker, [video.video_id for video in audience.videos[: bench.size(200, 40)]])
        at_last = await worker.read_metric("recomind_pending_refreshes")
    if not at_last:
        raise AssertionError(f"{at_first:.0f} users waited at first and none at last: nothing has been measured")
    seconds, waiting = [delay.seconds for delay in delays], f"while {at_first:.0f} to {at_last:.0f} users wait"
    return [
        Measurement(NAME, f"delay of a fresh list, p50 {waiting}", 1e3 * percentile(seconds, 50), "ms"),
        Measurement(
            NAME,
            f"delay of a fresh list, p99 {waiting}",
            1e3 * percentile(seconds, 99),
            "ms",
            at_most("stated limit", 300.0),
        ),
    ]


async def _look(worker: Worker, video_ids: Sequence[VideoId]) -> list[Delay]:
    """Act on one video after the other; the delay of the list after each action."""
    async with aiohttp.ClientSession(worker.base_url) as http:
        delays = []
        for number, video_id in enumerate(video_ids):
            delays.append(await post_and_wait(http, Action(UserId("looks"), video_id, "like", 1.71e9 + number)))
            await asyncio.sleep(PAUSE_S)
        return delays
