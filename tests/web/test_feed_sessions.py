"""Feed sessions on a real worker: pages, cursors, and what happens when all has been seen."""

import time
from itertools import pairwise
from uuid import uuid4

import asyncpg
import pytest

from recomind.model.cursors import Cursor, encode_cursor
from recomind.stores import keys
from recomind.stores.archive import Archive
from recomind.stores.feed_sessions import SESSION_TTL_S
from tests.web.test_api import act, get, put_videos, wait_for
from tests.web.test_forgetting import erase, until_done


async def page(http, user, cursor="", n=10, **query):
    async with http.get(f"/feed/{user}", params={"cursor": cursor, "n": n, **query}) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


def ids(found):
    return [video["video_id"] for video in (found["videos"] if isinstance(found, dict) else found)]


async def scroll(http, user, n=50, cursor=""):
    """All pages to the end."""
    pages = [await page(http, user, cursor, n)]
    while not pages[-1]["end"]:
        pages.append(await page(http, user, pages[-1]["cursor"], n))
    return pages


async def act_and_wait(http, user, videos, kind="like"):
    body = [{"user_id": user, "video_id": video, "action_type": kind} for video in videos]
    async with http.post("/video_actions", json=body) as answer:
        token = answer.headers["X-RecoMind-Token"]

    async def counted():
        async with http.get(f"/recommendations/{user}", params={"after": token}) as answer:
            return answer.headers["X-RecoMind-After"] == "counted"

    await wait_for(counted, 30)
    return token


async def test_a_session_shows_everything_once_and_nothing_that_was_acted_on(http):
    user, videos = uuid4().hex, await put_videos(http, 130, uuid4().hex[:8])
    await act_and_wait(http, user, videos[:7], "view")
    pages = await scroll(http, user, 17)
    shown = [video for one in pages for video in ids(one)]
    assert len(shown) == len(set(shown))
    assert set(videos[7:]) <= set(shown)
    assert not set(videos[:7]) & set(shown)
    assert {len(one["videos"]) for one in pages[:-1]} == {17}
    assert not any(one["may_repeat"] for one in pages)
    assert all(one["list_id"] and one["videos"][0]["counts"] for one in pages[:-1])
    assert all(one["cursor"] != other["cursor"] for one, other in pairwise(pages))


async def test_after_the_end_the_same_cursor_gets_what_is_uploaded_later(http):
    user = uuid4().hex
    await put_videos(http, 3, uuid4().hex[:8])
    last = (await scroll(http, user))[-1]
    after = await page(http, user, last["cursor"])
    assert (ids(after), after["end"]) == ([], True)
    new = await put_videos(http, 2, uuid4().hex[:8])

    async def shown():
        found = await page(http, user, after["cursor"])
        return set(ids(found)) >= set(new)

    await wait_for(shown)


def sources_of(videos):
    """What proposed each video; likes of other tests may have changed by how much."""
    return [[reason["source"] for reason in one["reasons"]] for one in videos]


async def test_a_cursor_that_is_sent_again_gets_the_same_page(http):
    user = uuid4().hex
    await put_videos(http, 40, uuid4().hex[:8])
    first = await page(http, user)
    second = await page(http, user, first["cursor"])
    await act_and_wait(http, user, ids(second)[:3])
    again = await page(http, user, first["cursor"], n=20)
    assert (ids(again), again["list_id"]) == (ids(second), second["list_id"])
    assert sources_of(again["videos"][3:]) == sources_of(second["videos"][3:])
    assert not set(ids(await page(http, user, again["cursor"]))) & {*ids(first), *ids(second)}
    assert set(ids(await page(http, user, first["cursor"], exclude=",".join(ids(second)[:9])))) == {ids(second)[9]}


async def test_what_was_just_liked_counts_on_the_next_page(http):
    user, tag = uuid4().hex, uuid4().hex[:8]
    await put_videos(http, 60, uuid4().hex[:8])
    liked = await put_videos(http, 12, tag)
    first = await page(http, user, exclude=",".join(liked))
    outcomes = [await act(http, user, video) for video in liked[:2]]
    token = outcomes[-1]["token"]
    second = await page(http, user, first["cursor"], after=token)
    partition, offset = token.split(":")
    assert second["counted"][partition] >= int(offset)
    assert second["top_tags"] == [tag]
    assert len(set(ids(second)) & set(liked[2:])) >= 3


async def test_two_sessions_of_a_user_know_nothing_of_each_other(http):
    user = uuid4().hex
    await put_videos(http, 12, uuid4().hex[:8])

    async def begin_alike():  # once likes of other tests are counted
        return ids(await page(http, user)) == ids(await page(http, user))

    await wait_for(begin_alike)


@pytest.mark.parametrize("cursor", ["x", "é", 40 * "A", encode_cursor(Cursor(bytes(12), 1, 2e9), "somebody else")])
async def test_what_is_no_cursor_of_the_user_is_refused(http, cursor):
    async with http.get("/feed/u1", params={"cursor": cursor}) as answer:
        problem = await answer.json(content_type=None)
    assert (answer.status, problem["field"]) == (400, "cursor")
    assert problem["detail"].endswith("send the one of the latest page, or an empty one to start again")


async def test_an_expired_cursor_says_what_to_do(http):
    expired = encode_cursor(Cursor(bytes(12), 1, time.time() - SESSION_TTL_S - 60), "u1")
    problem = await get(http, f"/feed/u1?cursor={expired}", 410)
    assert problem["detail"].startswith("this feed session has expired: send an empty cursor to start another one")


async def test_excluded_videos_are_left_out_of_lists(http):
    user, videos = uuid4().hex, await put_videos(http, 70, uuid4().hex[:8])
    await act_and_wait(http, user, videos[:1])
    for path in (f"/recommendations/{user}?n=20", f"/feed/{user}?n=20"):
        first = ids(await get(http, path))
        assert len(first) == 20
        some = ids(await get(http, path + "&exclude=" + ",".join(first[:3])))
        assert some[:17] == first[3:]  # from the stored list
        assert len(some) == 20
        many = videos[1:60]
        others = ids(await get(http, path + "&exclude=" + ",".join(many[:30]) + "&exclude=" + ",".join(many[30:])))
        assert not set(others) & set(many)


async def test_a_list_that_ends_since_all_has_been_seen_says_so(http):
    user = uuid4().hex
    await put_videos(http, 5, uuid4().hex[:8])
    everything = [video for one in await scroll(http, user) for video in ids(one)]
    async with http.get(f"/recommendations/{user}?n=50") as answer:
        assert "X-RecoMind-End" not in answer.headers
    await act_and_wait(http, user, everything[2:], "view")

    async def ended():
        async with http.get(f"/recommendations/{user}") as answer:
            found = ids(await answer.json())
            return answer.headers.get("X-RecoMind-End") == "true" and set(found) == set(everything[:2])

    await wait_for(ended)
    found = await get(http, f"/feed/{user}")
    assert (found["end"], set(ids(found))) == (True, set(everything[:2]))
    async with http.get(f"/recommendations/{user}?exclude={','.join(everything[:2])}") as answer:
        assert (await answer.json(), answer.headers["X-RecoMind-End"]) == ([], "true")


async def test_erasing_a_user_erases_the_pages_of_their_sessions(http, worker, redis):
    user = uuid4().hex
    await put_videos(http, 30, uuid4().hex[:8])
    first = await page(http, user)
    await page(http, user, first["cursor"])
    connection = await asyncpg.connect(worker.settings.postgres_dsn)
    rows = await connection.fetch("SELECT session, page FROM feed_pages WHERE user_id = $1", user)
    names = [keys.feed_page(session, number) for session, number in rows]
    assert len(names) == 2
    assert None not in await redis.get_many(names)
    await until_done(http, user, (await erase(http, user))["receipt"])
    assert await redis.get_many(names) == [None, None]
    assert await connection.fetch("SELECT FROM feed_pages WHERE user_id = $1", user) == []
    await connection.close()


async def test_expired_sessions_are_deleted_as_a_whole(worker, http):
    connection = await asyncpg.connect(worker.settings.postgres_dsn)
    put = "INSERT INTO feed_pages VALUES ($1, $2, 'u', '', now() - make_interval(hours => $3))"
    for session, page_number, hours in ((b"old", 1, 50), (b"old", 2, 26), (b"in use", 1, 50), (b"in use", 2, 24)):
        await connection.execute(put, session, page_number, hours)
    archive = Archive(worker.settings.postgres_dsn)
    await archive.open()
    assert await archive.delete_expired_feed_pages(keys.FEED_PAGE_TTL_S) == 2
    await archive.close()
    rows = await connection.fetch("DELETE FROM feed_pages WHERE user_id = 'u' RETURNING session")
    assert [row[0] for row in rows] == [b"in use", b"in use"]
    await connection.close()
