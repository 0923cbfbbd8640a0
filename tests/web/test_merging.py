"""Anonymous sessions, and their merge into users by `POST /users/{user_id}/merge`, on a real worker."""

from uuid import uuid4

import asyncpg
import pytest

from tests.web.test_api import act, get, put_videos, wait_for
from tests.web.test_forgetting import erase, trends
from tests.web.test_forgetting import until_done as until_erased


async def merge(http, user, session, status=202):
    async with http.post(f"/users/{user}/merge", json={"session": session}) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json(content_type=None)


async def until_done(http, receipt):
    async def done():
        path = "/users/{user_id}/merge/{session}/{receipt}".format(**receipt)
        progress = await get(http, path)
        return progress if progress["state"] == "done" else None

    return await wait_for(done, 60)


async def rows_of(worker, *users):
    connection = await asyncpg.connect(worker.settings.postgres_dsn)
    rows = await connection.fetch(
        "SELECT user_id, video_id, action_type FROM video_actions WHERE user_id = ANY($1) ORDER BY 1, 2, 3", list(users)
    )
    await connection.close()
    return [tuple(row) for row in rows]


@pytest.fixture
def user():
    return f"account-{uuid4().hex}"


@pytest.fixture
def session():
    return f"session:{uuid4().hex}"


async def test_a_session_gets_lists_from_what_it_does(http, session):
    videos = await put_videos(http, 12, uuid4().hex[:8])
    await act(http, session, videos[0])

    async def are_alike():
        found = [video["video_id"] for video in await get(http, f"/recommendations/{session}?n=5")]
        return videos[0] not in found and len(set(found) & set(videos)) >= 3

    await wait_for(are_alike, 30)


async def test_a_user_has_done_what_a_merged_session_did_and_counts_once(http, worker, user, session):
    videos = await put_videos(http, 5, uuid4().hex[:8])
    for who, liked in ((session, videos[:3]), (user, videos[2:4])):
        for video in liked:
            await act(http, who, video)
    await act(http, session, videos[4], "skip")

    receipt = await merge(http, user, session)
    progress = await until_done(http, receipt)
    receipt.pop("at")
    assert progress == {**receipt, "state": "done", "waits_for": []}
    profile = await get(http, f"/users/{user}/profile")
    assert (profile["likes"], profile["skips"], set(profile["recent_likes"])) == (5, 1, set(videos[:4]))
    empty = await get(http, f"/users/{session}/profile")
    assert (empty["likes"], empty["recent_likes"]) == (0, [])

    async def counts_once():
        return {one["video_id"]: one["likes"] for one in await trends(http, videos)} == dict.fromkeys(videos[:4], 1)

    await wait_for(counts_once, 30)
    liked = [(user, video, "like") for video in sorted([*videos[:4], videos[2]])]
    assert await rows_of(worker, user, session) == sorted([*liked, (user, videos[4], "skip")])
    found = [video["video_id"] for video in await get(http, f"/recommendations/{user}?n=50")]
    assert not set(found) & set(videos)
    again = await until_done(http, await merge(http, user, session))
    assert again["state"] == "done"
    assert (await get(http, f"/users/{user}/profile"))["likes"] == 5


async def test_a_merged_session_may_act_again_and_be_merged_again(http, worker, user, session):
    videos = await put_videos(http, 3, uuid4().hex[:8])
    await act(http, session, videos[0])
    await until_done(http, await merge(http, user, session))
    await act(http, session, videos[1])
    await act(http, session, videos[0])
    await until_done(http, await merge(http, user, session))
    profile = await get(http, f"/users/{user}/profile")
    assert (profile["likes"], set(profile["recent_likes"])) == (3, set(videos[:2]))
    assert await rows_of(worker, session) == []


async def test_forgetting_a_user_forgets_the_sessions_that_were_merged_before_even_if_they_arrive_later(
    http, worker, user, session
):
    videos = await put_videos(http, 3, uuid4().hex[:8])
    for video in videos:
        await act(http, session, video)
    await act(http, user, videos[0])
    receipt = await merge(http, user, session)
    erasure = await erase(http, user)  # what the session did is not in the user's log yet
    await until_done(http, receipt)
    await until_erased(http, user, erasure["receipt"])

    async def nothing_is_left():
        profile = await get(http, f"/users/{user}/profile")
        return (profile["likes"], await trends(http, videos), await rows_of(worker, user, session)) == (0, [], [])

    await wait_for(nothing_is_left, 30)


async def test_what_cannot_be_merged_is_refused(http, user, session):
    assert (await merge(http, user, "u1", 400))["field"] == "session"
    assert (await merge(http, user, "session:" + 121 * "x", 400))["field"] == "session"
    problem = await merge(http, session, f"session:{uuid4().hex}", 400)
    assert problem["detail"] == "a session can only be merged into a user whose id does not begin with session:"
    await get(http, f"/users/{user}/merge/{session}/0:99", 404)
    await get(http, f"/users/{user}/merge/{session}/x", 404)


async def test_a_merged_action_says_all_that_it_said_and_an_undo_comes_after_what_it_undoes(
    http, worker, user, session
):
    videos, at = await put_videos(http, 2, uuid4().hex[:8]), "2026-01-02T03:04:05Z"
    fields = {"watched_ms": 900, "duration_ms": 3_000, "position": 1, "context": {"country": "DE"}}
    common = {"user_id": session, "timestamp": at}
    body = [
        {**common, "video_id": videos[0], "action_type": "view", **fields},
        *({**common, "video_id": videos[1], "action_type": "like", **undo} for undo in ({}, {"undo": True})),
    ]
    async with http.post("/video_actions", json=body) as answer:
        assert {one["status"] for one in await answer.json()} == {202}
    await until_done(http, await merge(http, user, session))
    assert await rows_of(worker, user) == sorted(
        [(user, videos[0], "view"), (user, videos[1], "like"), (user, videos[1], "undo_like")]
    )
    connection = await asyncpg.connect(worker.settings.postgres_dsn)
    row = await connection.fetchrow(
        "SELECT watched_ms, duration_ms, position, context FROM video_actions WHERE user_id = $1 AND watched_ms > 0",
        user,
    )
    await connection.close()
    assert tuple(row) == (900, 3_000, 1, '{"country": "DE"}')

    async def has_no_like():
        profile = await get(http, f"/users/{user}/profile")
        return (profile["views"], profile["likes"]) == (1, 0)

    await wait_for(has_no_like, 30)
