"""Takedowns that streams of feeds and polling clients are told of."""

import pytest

from tests.web.test_api import get, put_videos
from tests.web.test_feed import events_of
from tests.web.test_takedown import delete, put


async def until_told(next_event, video_id):
    """The first event that names a video: those of other tests may be in events before it."""
    while video_id not in (named := (await next_event())[1]):
        pass
    return named


@pytest.mark.parametrize("path", ["/feed/somebody?n=1", "/feed?n=1", "/feed?n=1&tag=x"])
async def test_streams_of_feeds_tell_which_videos_were_taken_down(worker, http, path):
    first, second = await put_videos(http, 2, "removals")
    await put(http, first, hidden=True)
    async with events_of(worker.base_url, path, names=["removed"]) as next_event:
        await until_told(next_event, first)
        await delete(http, second)
        assert await until_told(next_event, second) == [second]


async def test_a_client_that_polls_is_told_which_videos_were_taken_down(http):
    first, second = await put_videos(http, 2, "polled")
    await put(http, first, hidden=True)
    answer = await get(http, "/takedowns")
    assert first in answer["video_ids"]
    assert second not in answer["video_ids"]
    await delete(http, second)
    await put(http, first, hidden=False)
    answer = await get(http, f"/takedowns?since={answer['at']}")
    assert second in answer["video_ids"]
    assert first not in answer["video_ids"]
    assert (await get(http, "/takedowns?since=99999999999"))["video_ids"][-1] == second


@pytest.mark.parametrize("since", ["", "-1", "nan", "1e400", "inf", "yesterday", "1" * 40])
async def test_a_time_that_cannot_be_read_is_refused(http, since):
    assert (await get(http, f"/takedowns?since={since}", 400))["field"] == "since"
