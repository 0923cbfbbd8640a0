"""Ids of all kinds through every route that takes one: what an action is accepted with, can be read and erased."""

import random
from urllib.parse import quote

import aiohttp
import pytest
from yarl import URL

from recomind.client import Client
from tests.web.test_api import wait_for

IDS = [
    *(
        ".",
        "..",
        "...",
        " ",
        " a ",
        "a/b",
        "/",
        "//",
        "?",
        "#",
        "%",
        "%2F",
        "%252F",
        "%00",
        "&n=1",
        "a+b",
        "a;b",
        "a:b",
    ),
    *("a,b", "*", "{user_id}", "[0]", "\\", "\\n", '"', "'", "<script>", "../../healthz", "null", "0", "-1", "similar"),
    *(
        "Zoë",
        "Zoe\u0308",
        "日本語",
        "ﷺ",
        "😀",
        "👍🏽",
        "\U0003134f",
        "\uff46\uff55ll",
        "x" * 128,
        "😀" * 128,
        "~",
        "a@b",
        "a=b",
    ),
    *("forgetting", "profile", "asked:x", "1:2", "recommendations", "u\u0301"),
]
REFUSED = ["\0", "a\nb", "\x7f", "\u200b", "\ud7ff\u2028", "\ue000", "\uffff", "\ufeff", "x" * 129, "\xa0"]


def random_ids(count, seed=3):
    """Ids of random printable characters, from all planes."""
    draw = random.Random(seed)
    pools = [range(0x21, 0x7F), range(0xA1, 0x250), range(0x3041, 0x3097), range(0x1F600, 0x1F650), b"/?#%&+;:.,\\ "]
    pools[1] = [code for code in pools[1] if code != 0xAD]
    for _ in range(count):
        yield "".join(chr(draw.choice(draw.choice(pools))) for _ in range(draw.randint(1, 40)))


def segment(value):
    """An id as a segment of a path. "." and ".." get a mark, as they mean folders, also when they are escaped."""
    return quote("\xad" + value if value in (".", "..") else value, safe="")


def url(base, path):
    return URL(base + path, encoded=True)


async def call(http, worker, method, path, status=200, **options):
    async with http.request(method, url(worker.base_url, path), **options) as answer:
        text = await answer.text()
        assert answer.status == status, (method, path, answer.status, text)
        return await answer.json(content_type=None)


async def test_what_an_action_is_accepted_with_every_route_can_read_and_erase(worker):
    ids = [*IDS, *random_ids(40)]
    async with aiohttp.ClientSession() as http:
        for one in ids:
            action = {"user_id": one, "video_id": one, "action_type": "like"}
            await call(http, worker, "POST", "/video_action", 202, json=action)
            put = await call(http, worker, "PUT", f"/videos/{segment(one)}", json={"title": "T", "creator_id": one})
            assert (put["video_id"], put["creator_id"]) == (one, one)
        for one in ids:
            await check_reads(http, worker, one)
        receipts = {}
        for one in ids:
            receipt = await call(http, worker, "DELETE", f"/users/{segment(one)}", 202)
            assert receipt["user_id"] == one
            receipts[one] = receipt["receipt"]
        for one, receipt in receipts.items():
            path = f"/users/{segment(one)}/forgetting/{receipt}"

            async def is_done(path=path):
                return (await call(http, worker, "GET", path))["state"] == "done"

            await wait_for(is_done, 60.0)
            assert (await call(http, worker, "GET", f"/users/{segment(one)}/profile"))["likes"] == 0


async def check_reads(http, worker, one):
    name = segment(one)

    async def counted():
        profile = await call(http, worker, "GET", f"/users/{name}/profile")
        assert profile["user_id"] == one
        return profile["recent_likes"] == [one]

    await wait_for(counted)
    assert (await call(http, worker, "GET", f"/videos/{name}"))["video_id"] == one
    for path in (f"/recommendations/{name}", f"/users/{name}/similar", f"/videos/{name}/similar"):
        await call(http, worker, "GET", path)
    assert (await call(http, worker, "GET", f"/feed/{name}"))["user_id"] == one
    explained = await call(http, worker, "GET", f"/explain/{name}/{name}")
    assert (explained["user_id"], explained["video_id"]) == (one, one)
    assert (await call(http, worker, "PUT", f"/users/{name}", json={"name": "N"}))["user_id"] == one
    async with http.get(url(worker.base_url, f"/events/feed/{name}")) as stream:
        assert stream.status == 200
        assert (await stream.content.readuntil(b"\n\n")).startswith(b"retry")


async def test_dots_are_reached_as_escapes_too_by_programs_that_leave_paths_alone(worker):
    async with aiohttp.ClientSession() as http:
        for one, escaped in ((".", "%2E"), ("..", "%2E%2E"), ("...", "...")):
            assert (await call(http, worker, "GET", f"/users/{escaped}/profile"))["user_id"] == one


def test_the_client_reaches_every_id(worker):
    with Client(worker.base_url) as client:
        for one in IDS:
            assert client.put_video(one, title="T").video_id == one
            assert client.get_video(one).video_id == one
            assert client.get_profile(one).user_id == one
            assert client.put_user(one, name="N")["user_id"] == one


@pytest.mark.parametrize("one", REFUSED)
async def test_what_an_action_is_refused_with_every_other_way_refuses(worker, one):
    encoded = quote(one, safe="", errors="surrogatepass")
    async with aiohttp.ClientSession() as http:
        action = {"user_id": one, "video_id": "v", "action_type": "like"}
        await call(http, worker, "POST", "/video_action", 400, json=action)
        batch = await call(
            http, worker, "POST", "/video_actions", 207, json=[{**action, "user_id": "u", "video_id": one}]
        )
        assert batch[0]["field"] == "video_id"
        for method, path, body in (
            ("PUT", f"/videos/{encoded}", {"title": "T"}),
            ("PUT", "/videos/v", {"title": "T", "creator_id": one}),
            ("PUT", f"/users/{encoded}", {"name": "N"}),
            ("GET", f"/recommendations/{encoded}", None),
            ("GET", f"/feed/{encoded}", None),
            ("GET", f"/explain/u/{encoded}", None),
            ("DELETE", f"/users/{encoded}", None),
        ):
            await call(http, worker, method, path, 400, json=body)
