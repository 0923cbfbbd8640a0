"""The end of a user's list where a filter extension excludes what is left. No Kafka, Redis or PostgreSQL runs."""

from dataclasses import replace

import pytest
from aiohttp.test_utils import TestClient, TestServer

from recomind.model.catalogue import Video
from recomind.recommender.extensions import participation
from recomind.worker import build
from tests.web.serving import NO_SERVERS

VIDEOS = 7


class Permits:
    """A filter that permits some rows, and notes how many rows it was asked about."""

    def __init__(self, *rows):
        self.rows, self.asked = rows, []

    def permits(self, user, rows, index):
        self.asked.append(len(rows))
        return [row in self.rows for row in rows]


class Fails:
    def permits(self, user, rows, index):
        raise RuntimeError("out of order")


@pytest.fixture
def app():
    made = build(replace(NO_SERVERS))
    for number in range(VIDEOS):
        made.ranking_cache.index.put_video(Video(video_id=f"v{number}", created_at=1e9 + number))
    made.ranking_cache.loader.catalogue._position = "read"
    return made


@pytest.fixture
async def client(app):
    async with TestClient(TestServer(app.web.web_app)) as made:
        yield made


def add(app, instance):
    app.ranking_cache.extensions.add("filter", "mine", instance)
    app.ranking_cache.extensions.active = frozenset({"mine"})
    return instance


async def get(client, path):
    async with client.get(path) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json(), answer.headers


async def listed(client, path):
    """The videos of a list in any order, and whether it is the end."""
    found, headers = await get(client, path)
    if isinstance(found, dict):
        return sorted(video["video_id"] for video in found["videos"]), found["end"]
    return sorted(video["video_id"] for video in found), headers.get("X-RecoMind-End") == "true"


@pytest.mark.parametrize("path", ["/recommendations/u?n=5", "/feed/u?n=5", "/feed/u?n=5&cursor="])
@pytest.mark.parametrize("control_share", [0.0, 1.0])
async def test_a_list_ends_with_the_last_video_that_a_filter_permits(app, client, path, control_share):
    app.ranking_cache.control_share = control_share
    add(app, Permits(2, 6))
    assert await listed(client, path) == (["v2", "v6"], True)
    assert await listed(client, f"{path}&exclude=v2,v6") == ([], True)
    assert await listed(client, f"{path}&filter=video:v1,v3") == ([], True)


async def test_a_page_after_the_end_has_what_the_filter_permits_later(app, client):
    instance = add(app, Permits(2))
    first, _ = await get(client, "/feed/u?n=5&cursor=")
    assert first["end"]
    instance.rows = (2, 4)
    app.ranking_cache.new_user_lists.clear()
    assert await listed(client, f"/feed/u?n=5&cursor={first['cursor']}&exclude=v2") == (["v4"], True)


@pytest.mark.parametrize("path", ["/recommendations/u?n=5", "/feed/u?n=5&cursor="])
async def test_a_filter_that_fails_leaves_no_list_empty_and_ends_none(app, client, path):
    add(app, Fails())
    for _ in range(5):  # it is suspended
        videos, is_end = await listed(client, path)
        assert (len(videos), is_end) == (5, False)


async def test_a_filter_is_asked_in_parts_until_one_permits_something(app, client, monkeypatch):
    monkeypatch.setattr(participation, "ROWS_PER_CALL", 2)
    instance = add(app, Permits(0))
    assert await listed(client, "/feed/u?n=5&cursor=") == (["v0"], True)
    assert max(instance.asked) == 2
