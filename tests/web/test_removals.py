"""Takedowns that streams of feeds tell of."""

import math

import pytest

from recomind_web import removals
from recomind_web.removals import OVERLAP_S, RETENTION_S, RemovalLog
from tests.web.test_api import get, put_videos
from tests.web.test_feed import events_of
from tests.web.test_takedown import delete, put


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def log(clock):
    return RemovalLog(lambda: clock[0])


def test_each_takedown_is_told_once_and_to_new_streams_for_an_hour(log, clock):
    assert log.since(0) == (0, [])
    log.note("a")
    log.note("b")
    assert log.since(0) == (2, ["a", "b"])
    log.note("c")
    log.note("a")
    assert log.since(2) == (4, ["c", "a"])
    assert log.since(4) == (4, [])
    clock[0] = RETENTION_S + 1
    assert log.since(0) == (4, [])


def test_a_video_that_has_returned_is_not_told(log):
    log.note("a")
    log.forget("a")
    log.forget("unknown")
    assert log.since(0) == (1, [])


def test_the_latest_takedowns_are_told(log, monkeypatch):
    monkeypatch.setattr(removals, "MAX_REMOVALS", 2)
    for video_id in "abc":
        log.note(video_id)
    assert log.since(0) == (3, ["b", "c"])


def test_a_poll_is_told_of_takedowns_since_the_one_before_with_an_overlap(log, clock):
    log.note("a")
    clock[0] = OVERLAP_S + 4
    log.note("b")
    log.note("returned")
    log.forget("returned")
    clock[0] = OVERLAP_S + 5
    assert log.within(3.0) == ["b"]
    assert log.within(6.0) == ["a", "b"]
    assert log.within(-1e9) == ["b"]  # the other worker's clock is ahead
    assert log.within(math.inf) == ["a", "b"]
    clock[0] = RETENTION_S + 1
    assert log.within(math.inf) == ["b"]


@pytest.mark.parametrize("path", ["/feed/somebody?n=1", "/feed?n=1", "/feed?n=1&tag=x"])
async def test_streams_of_feeds_tell_which_videos_were_taken_down(worker, http, path):
    first, second = await put_videos(http, 2, "removals")
    await put(http, first, hidden=True)
    async with events_of(worker.base_url, path, names=["removed"]) as next_event:
        assert first in (await next_event())[1]
        await delete(http, second)
        assert (await next_event())[1] == [second]


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
