"""The HTTP API of a real worker."""

import json
import time
from uuid import uuid4

import asyncpg
import pytest

from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.log_reader import read_to_end


async def get(http, path, status=200):
    async with http.get(path) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json(content_type=None)


async def put_videos(http, count, tag):
    names = [f"{tag}-{uuid4().hex[:6]}-{n}" for n in range(count)]
    for name in names:
        async with http.put(f"/videos/{name}", json={"title": name, "url": "https://x", "tags": [tag]}) as answer:
            assert answer.status == 200
    return names


async def act(http, user, video, action="like"):
    async with http.post("/video_action", json={"user_id": user, "video_id": video, "action_type": action}) as answer:
        assert answer.status == 202
        return await answer.json()


async def wait_for(probe, timeout=10.0):
    deadline = time.monotonic() + timeout
    while not (found := await probe()):
        assert time.monotonic() < deadline, "the condition did not become true in time"
    return found


async def test_a_like_changes_the_list_of_the_user(http):
    videos = await put_videos(http, 8, uuid4().hex[:8])
    user = uuid4().hex
    before = await get(http, f"/recommendations/{user}?n=50")
    await act(http, user, videos[0])

    async def changed():
        now = await get(http, f"/recommendations/{user}?n=50")
        return now if now != before else None

    after = await wait_for(changed)
    ids = [video["video_id"] for video in after]
    assert videos[0] not in ids
    assert set(videos[1:]) & set(ids)
    assert set(after[0]) == {"video_id", "title", "url", "tags"}


async def test_a_video_that_is_not_in_the_catalogue_is_in_no_list(http):
    user, video = uuid4().hex, f"unknown-{uuid4().hex}"
    await act(http, user, video)
    await act(http, uuid4().hex, video)

    async def counted():
        return (await get(http, f"/users/{user}/profile"))["likes"] == 1

    await wait_for(counted)
    assert video not in {one["video_id"] for one in await get(http, "/trending?n=50")}
    async with http.put(f"/videos/{video}", json={"title": "late"}) as answer:
        assert answer.status == 200

    async def listed():
        return video in {one["video_id"] for one in await get(http, "/trending?n=50")}

    await wait_for(listed)


async def test_profile_and_similar_videos_and_users_are_returned(http):
    videos = await put_videos(http, 3, "similar")
    pair = [uuid4().hex, uuid4().hex]
    for user in pair:
        for video in videos[:2]:
            await act(http, user, video)

    async def found():
        similar = await get(http, f"/videos/{videos[0]}/similar")
        similar_users = await get(http, f"/users/{pair[0]}/similar")
        return similar and similar_users and (similar, similar_users)

    similar, similar_users = await wait_for(found)
    assert similar[0]["video_id"] == videos[1]
    assert similar_users[0]["user_id"] == pair[1]
    profile = await get(http, f"/users/{pair[0]}/profile")
    assert (profile["top_tags"], profile["recent_likes"], profile["likes"]) == (["similar"], videos[1::-1], 2)


async def test_a_recommendation_is_explained_by_its_strategies(http):
    videos = await put_videos(http, 4, "explained")
    for user in ("e1", "e2"):
        for video in videos[:3]:
            await act(http, user, video)

    async def together():
        return [one["video_id"] for one in await get(http, f"/videos/{videos[0]}/similar")][:1] == [videos[1]]

    await wait_for(together)
    await act(http, "e3", videos[0])

    async def both():
        found = await get(http, f"/explain/e3/{videos[1]}")
        everything = {"content-based", "collaborative", "hybrid"} <= found["strategies"].keys()
        return (
            found if everything and found["people_in_common"] == 2 else None
        )  # the workers publish them one after the other

    found = await wait_for(both)
    assert found["listed"]
    assert found["tags_in_common"] == ["explained"]
    assert found["popularity"]["1h"] == {"likes": 2, "views": 0, "skips": 0}
    assert found["verdict"] == "listed"
    assert [(one["video_id"], one["tags"]) for one in found["actions"]] == [(videos[0], ["explained"])]
    assert "You like explained" in [one["text"] for one in found["reasons"]]
    blend = found["blend"]
    assert (blend["segment"], blend["rank"] <= blend["candidates"]) == ("1 to 4 likes", True)
    assert {"tags", "liked_together", "likes, 24 h"} <= {feature["name"] for feature in blend["features"]}
    assert (await get(http, f"/explain/e3/{videos[0]}"))["reason"] == "seen: the user liked it"
    assert (await get(http, "/explain/e3/never-put"))["reason"].startswith("unknown")


async def test_each_action_of_a_batch_has_its_own_outcome(http):
    good = {"user_id": "u", "video_id": "v", "action_type": "view"}
    async with http.post("/video_actions", json=[good, {**good, "action_type": "x"}, good]) as answer:
        assert answer.status == 207
        found = await answer.json()
    assert [one["status"] for one in found] == [202, 400, 202]
    assert found[1]["field"] == "action_type"
    assert found[0]["token"] != found[2]["token"]


async def test_a_batch_over_the_limit_is_refused(http):
    good = {"user_id": "u", "video_id": "v", "action_type": "view"}
    async with http.post("/video_actions", json=[good] * 1001) as answer:
        assert answer.status == 400
    async with http.post("/video_actions", json=[good] * 1000) as answer:
        assert answer.status == 202


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"{", 400, None),
        (b"", 400, None),
        (b"[]", 400, None),
        (b"[" * 100_000, 400, None),
        (b'{"a":' * 100_000, 400, None),
        (b'{"video_id":"v","action_type":"like"}', 400, "user_id"),
        (b'{"user_id":"u","video_id":"v","action_type":"likes"}', 400, "action_type"),
        (b'{"user_id":"' + b"x" * 129 + b'","video_id":"v","action_type":"like"}', 400, "user_id"),
        (b'{"user_id":"u","video_id":"v","action_type":"like","timestamp":"soon"}', 400, "timestamp"),
        (b'{"user_id":"u","video_id":"v","action_type":"like","timestamp":"2999-01-01T00:00:00Z"}', 400, "timestamp"),
        (b"x" * 10_000_000, 413, None),
    ],
    ids=[
        "broken",
        "empty",
        "list",
        "deep list",
        "deep object",
        "missing",
        "unknown",
        "long",
        "no time",
        "future",
        "10 MB",
    ],
)
async def test_a_bad_action_is_a_problem_that_names_the_field(http, body, status, field):
    async with http.post("/video_action", data=body) as answer:
        assert answer.status == status
        assert answer.content_type == "application/problem+json"
        problem = await answer.json(content_type=None)
    assert (problem["status"], problem.get("field")) == (status, field)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/recommendations/u?n=0", 400),
        ("/recommendations/u?n=x", 400),
        ("/recommendations/u?n=51", 400),
        ("/trending?n=-1", 400),
        ("/trending?filter=tag:a", 400),
        ("/trending/details?scenario=default", 400),
        ("/videos/v1/similar?filter=tag:a", 400),
        ("/trending?ranker=random", 400),
        ("/trending/details?country=DE", 400),
        ("/feed/u?ranker=random", 400),
        ("/explain/u/v?ranker=random", 400),
        (f"/recommendations/{'x' * 129}", 400),
        ("/recommendations/%00", 400),
        ("/videos/nowhere", 404),
        ("/nowhere", 404),
    ],
)
async def test_a_bad_request_is_a_problem(http, path, status):
    async with http.get(path) as answer:
        assert answer.status == status
        assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("body", [{"title": "a\0b"}, {"title": "T", "tags": ["a\0"]}, {"title": "T", "url": "\0"}])
async def test_text_that_cannot_be_stored_is_refused(http, body):
    async with http.put("/videos/nul", json=body) as answer:
        assert answer.status == 400


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00"])
async def test_an_upload_time_out_of_bounds_is_refused(http, moment):
    async with http.put("/videos/old", json={"title": "T", "created_at": moment}) as answer:
        assert answer.status == 400
        assert (await answer.json(content_type=None))["field"] == "created_at"


async def test_a_wrong_method_gets_the_allowed_methods(http):
    async with http.get("/video_action") as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/trending", "/recommendations/new-user?n=3"])
async def test_an_endpoint_responds_with_json(http, path):
    await get(http, path)


async def test_the_feed_page_is_served(http):
    async with http.get("/") as answer:
        assert answer.content_type == "text/html"
        assert "RecoMind" in await answer.text()


async def test_metrics_have_the_prometheus_format(http):
    async with http.get("/metrics") as answer:
        text = await answer.text()
    assert "recomind_actions_total" in text
    assert 'recomind_table_keys{table="profiles"}' in text


async def test_openapi_describes_every_route(http):
    from recomind_web.routes import ROUTES

    document = await get(http, "/openapi.json")
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(route.method, route.path) for route in ROUTES}
    action = document["components"]["schemas"]["VideoAction"]
    assert action["properties"]["user_id"]["maxLength"] == 128
    assert set(action["required"]) == {"user_id", "video_id", "action_type"}


@pytest.mark.parametrize("path", ["/table/", "/router/"])
async def test_the_web_pages_of_faust_are_disabled(http, path):
    async with http.get(path) as answer:
        assert answer.status == 404


async def test_what_get_shows_can_be_put_back_and_what_is_absent_stays(http):
    path = f"/videos/{uuid4().hex}"
    first = {"title": "T", "creator_id": "c1", "created_at": "2024-05-01T00:00:00Z", "tags": [" Funny", "funny", "x"]}
    async with http.put(path, json=first) as answer:
        assert answer.status == 200
    shown = await get(http, path)
    assert (shown["creator_id"], shown["created_at"], shown["tags"]) == ("c1", first["created_at"], ["Funny", "x"])
    async with http.put(path, json=shown) as answer:
        assert (answer.status, await answer.json()) == (200, shown)
    async with http.put(path, json={"title": "U"}) as answer:
        changed = await answer.json()
    assert (changed["title"], changed["creator_id"], changed["created_at"]) == ("U", "c1", first["created_at"])
    async with http.put(path, json={"title": "U", "creator_id": None}) as answer:
        assert (await answer.json())["creator_id"] is None
    async with http.put(path, json={**shown, "video_id": "another"}) as answer:
        assert (answer.status, (await answer.json(content_type=None))["field"]) == (400, "video_id")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": "java\nscript:alert(1)"}, "url"),
        ({"tags": ["  "]}, "tags"),
        ({"tags": ["a\x1fb"]}, "tags"),
        ({"creator_id": "a\0"}, "creator_id"),
        ({"title": "  "}, "title"),
    ],
)
async def test_a_video_that_breaks_a_rule_is_refused_with_its_field(http, fields, field):
    async with http.put("/videos/v", json={"title": "T", **fields}) as answer:
        assert (answer.status, (await answer.json(content_type=None))["field"]) == (400, field)


async def test_an_action_on_a_video_that_is_not_in_the_catalogue_says_so(http):
    [video] = await put_videos(http, 1, "known")
    assert "note" not in await act(http, "u", video)
    assert "catalogue" in (await act(http, "u", uuid4().hex))["note"]
    batch = [{"user_id": "u", "video_id": one, "action_type": "view"} for one in (video, uuid4().hex)]
    async with http.post("/video_actions", json=batch) as answer:
        assert ["note" in one for one in await answer.json()] == [False, True]


async def test_tags_match_in_any_case(http):
    tag = uuid4().hex[:8]
    names = [uuid4().hex, uuid4().hex]
    for name, spelling in zip(names, (f"Ü{tag}", f"ü{tag.upper()} "), strict=True):
        async with http.put(f"/videos/{name}", json={"title": name, "tags": [spelling]}) as answer:
            assert answer.status == 200
        await act(http, uuid4().hex, name)

    async def trending():
        found = await get(http, f"/trending?tag=U\u0308{tag}")
        return {video["video_id"] for video in found} == set(names)

    await wait_for(trending)


async def test_optional_fields_are_archived_and_unknown_ones_are_named_and_logged(http, worker, stack):
    user, [video] = uuid4().hex, await put_videos(http, 1, uuid4().hex[:8])
    optional = {"watched_ms": 900, "duration_ms": 3_000, "position": 2, "context": {"country": "DE"}}
    action = {"user_id": user, "video_id": video, "action_type": "view", **optional, "mood": ["good"]}
    async with http.post("/video_action", json=action) as answer:
        accepted = await answer.json()
        assert (answer.status, "mood" in accepted["note"]) == (202, True)
    connection = await asyncpg.connect(stack.settings.postgres_dsn)
    try:
        query = "SELECT watched_ms, duration_ms, position, context FROM video_actions WHERE user_id = $1"
        [row] = await wait_for(lambda: connection.fetch(query, user))
    finally:
        await connection.close()
    assert (row["watched_ms"], row["duration_ms"], row["position"]) == (900, 3_000, 2)
    assert json.loads(row["context"]) == {"country": "DE"}
    partition, offset = map(int, accepted["token"].split(":"))
    async for _, records in read_to_end(client_options(stack.settings), topics.ACTIONS, [partition]):
        logged = [one for one in records if one.offset == offset]
        if logged:
            assert json.loads(logged[0].value) == action


@pytest.mark.parametrize(("field", "value"), [("watched_ms", -1), ("position", 1.5), ("context", {"a": []})])
async def test_a_bad_optional_field_is_refused_by_name(http, field, value):
    action = {"user_id": "u", "video_id": "v", "action_type": "view", field: value}
    async with http.post("/video_action", json=action) as answer:
        assert (answer.status, (await answer.json(content_type=None))["field"]) == (400, field)
    async with http.post("/video_actions", json=[action]) as answer:
        assert [outcome["field"] for outcome in await answer.json()] == [field]
