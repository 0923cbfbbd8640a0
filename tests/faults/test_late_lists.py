"""Served lists that are fetched seconds late: each action is still joined with the lists that were logged before it."""

import asyncio

from recomind.offline.verification.recompute_outcomes import STORE
from recomind.offline.verification.verify import verify
from recomind.state.served_lists import MARGIN_S
from tests.acceptance.test_served_lists import ACTED_ON, AUDIENCE, act_on, put_videos, show_pages
from tests.conftest import Worker


async def test_outcomes_do_not_depend_on_when_lists_are_fetched(new_stack, tmp_path):
    settings = new_stack.settings
    await put_videos(settings)
    worker = Worker(settings, tmp_path / "late.log", "tests.faults.faulty_worker", "late lists")
    try:
        await asyncio.to_thread(worker.wait_ready, 120)
        pages = await show_pages(worker.base_url, AUDIENCE.users)
        await asyncio.sleep(MARGIN_S + 0.1)
        await act_on(worker.base_url, pages)
        report = await verify(settings, within=120)
        assert report.differences == []
        assert report.compared[STORE] >= len(ACTED_ON) * len(AUDIENCE.users)
        assert await asyncio.to_thread(worker.stop) == 0
    finally:
        if worker.process.poll() is None:
            worker.kill()
