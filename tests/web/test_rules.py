"""Rules, scenarios, filters and metadata of users, on a real worker: they act at once, also on stored lists."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest

from tests.web.test_api import act, get, wait_for
from tests.web.test_takedown import ids, put


async def send(http, method, path, body=None, status=200):
    async with http.request(method, path, json=body) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


async def source_of(http, user):
    async with http.get(f"/recommendations/{user}") as answer:
        return answer.headers["X-RecoMind-Source"]


@pytest.fixture(autouse=True)
async def no_exploration(http):
    """No place is drawn for a new upload of another test: the drawn video would take the place of one of ours."""
    await send(http, "PUT", "/settings", {"exploration": 0.0})
    yield
    await send(http, "PUT", "/settings", {"exploration": None})


@pytest.fixture
async def shown(http):
    """The label of some videos, these videos, and a user with a stored list that holds them."""
    label, tag = uuid4().hex[:8], uuid4().hex[:8]
    videos = [uuid4().hex for _ in range(6)]
    for number, video in enumerate(videos):
        creator = f"{label}-{number % 2}"
        await put(http, video, tags=[tag], labels=[label], creator_id=creator, duration_ms=1000 * (number + 1))
    user = uuid4().hex
    for liker in [uuid4().hex for _ in range(3)]:
        for video in videos[:3]:
            await act(http, liker, video)
    await act(http, user, videos[5])

    async def is_listed():
        found = await ids(http, f"/recommendations/{user}?n=50")
        return set(videos[:5]) <= set(found) and await source_of(http, user) == "cache"

    await wait_for(is_listed, 60)
    return label, videos, user


@pytest.fixture
async def rule_id(http):
    name = f"R-{uuid4().hex[:8]}"
    yield name
    async with http.delete(f"/rules/{name}") as answer:
        assert answer.status in {200, 404}


async def lists_of(http, user):
    return set(await ids(http, f"/recommendations/{user}?n=50")), set(await ids(http, f"/feed/{user}?n=50"))


async def test_a_filter_rule_acts_on_stored_lists_and_trending_and_explains_itself(http, shown, rule_id):
    label, videos, user = shown
    entry = await send(http, "PUT", f"/rules/{rule_id}", {"action": "filter", "where": f"label:{label}"})
    assert entry["active"]
    for found in await lists_of(http, user):
        assert not found & set(videos)
    for path in ("/trending?n=50", "/feed?n=50", f"/videos/{videos[0]}/similar?n=50"):
        assert not set(await ids(http, path)) & set(videos)
    explained = await get(http, f"/explain/{user}/{videos[0]}")
    assert (explained["verdict"], explained["reason"]) == ("filtered", f"filtered by rule {rule_id}")
    assert not explained["listed"]

    async def is_counted():
        [known] = [one for one in await get(http, "/rules") if one["rule_id"] == rule_id]
        return known["lists"] >= 1 and known["videos"] >= 1

    await wait_for(is_counted, 10)
    await send(http, "DELETE", f"/rules/{rule_id}")
    assert set(videos[:5]) <= (await lists_of(http, user))[0]
    assert await source_of(http, user) == "cache"


async def test_a_pin_a_boost_and_a_cap_arrange_the_list(http, shown, rule_id):
    label, videos, user = shown
    await send(http, "PUT", f"/rules/{rule_id}", {"action": "pin", "where": f"video:{videos[4]}", "place": 2})
    assert (await ids(http, f"/recommendations/{user}?n=5"))[1] == videos[4]
    assert (await get(http, f"/explain/{user}/{videos[4]}"))["reason"].endswith(f"; pinned by rule {rule_id}")
    await send(http, "PUT", f"/rules/{rule_id}", {"action": "cap", "where": f"label:{label}", "at_most": 2})
    found, _ = await lists_of(http, user)
    assert len(set(videos) & found) == 2
    left_out = next(video for video in videos[:5] if video not in found)
    assert "capped by rule" in (await get(http, f"/explain/{user}/{left_out}"))["reason"]
    await send(http, "PUT", f"/rules/{rule_id}", {"action": "boost", "where": f"video:{videos[3]}", "factor": 1000})
    assert (await ids(http, f"/recommendations/{user}?n=5"))[0] == videos[3]
    assert f"boosted by rule {rule_id}" in (await get(http, f"/explain/{user}/{videos[3]}"))["reason"]


async def test_a_draft_does_not_act_and_is_previewed(http, shown, rule_id):
    label, videos, user = shown
    await send(http, "PUT", f"/rules/{rule_id}", {"action": "filter", "where": f"label:{label}", "draft": True})
    assert set(videos[:5]) <= (await lists_of(http, user))[0]
    preview = await get(http, f"/rules/{rule_id}/preview/{user}?n=50")
    assert set(videos[:5]) <= {video["video_id"] for video in preview["before"] if video["matches"]}
    assert not [video for video in preview["after"] if video["matches"]]


async def test_a_rule_starts_and_ends_by_itself(http, shown, rule_id):
    label, videos, user = shown
    now = datetime.now(UTC)
    times = {"starts_at": (now + timedelta(seconds=1)).isoformat(), "ends_at": (now + timedelta(seconds=3)).isoformat()}
    entry = await send(http, "PUT", f"/rules/{rule_id}", {"action": "filter", "where": f"label:{label}", **times})
    assert not entry["active"]
    assert set(videos[:5]) <= (await lists_of(http, user))[0]
    await asyncio.sleep(1.6)
    assert not set(videos) & (await lists_of(http, user))[0]
    await asyncio.sleep(2)
    assert set(videos[:5]) <= (await lists_of(http, user))[0]


async def test_a_scenario_has_its_own_filter_rules_and_length(http, shown, rule_id):
    label, videos, user = shown
    name = f"s-{label}"
    await send(http, "PUT", f"/scenarios/{name}", {"filter": f"label:{label}", "n": 3, "spread": 0.5})
    assert len(await ids(http, f"/recommendations/{user}?scenario={name}")) == 3
    assert set(await ids(http, f"/feed/{user}?scenario={name}&n=50")) == set(videos[:5])
    rule = {"action": "filter", "where": f"video:{videos[0]}", "scenarios": [name]}
    await send(http, "PUT", f"/rules/{rule_id}", rule)
    assert set(await ids(http, f"/recommendations/{user}?scenario={name}&n=50")) == set(videos[1:5])
    assert videos[0] in (await lists_of(http, user))[0]
    explained = await get(http, f"/explain/{user}/{videos[0]}?scenario={name}")
    assert explained["reason"] == f"filtered by rule {rule_id}"
    assert name in {one["name"] for one in await get(http, "/scenarios")}
    await send(http, "DELETE", f"/scenarios/{name}")
    assert (await get(http, f"/recommendations/{user}?scenario={name}", 400))["field"] == "scenario"


async def test_any_ranker_and_any_source_can_be_looked_at_and_a_scenario_can_name_one(http, shown):
    label, videos, user = shown
    path = f"/recommendations/{user}?n=50&filter=label:{label}"

    async def popular_first():
        return set((await ids(http, f"{path}&ranker=popularity"))[:3]) == set(videos[:3])

    await wait_for(popular_first)
    assert set(await ids(http, f"{path}&ranker=random")) == set(videos[:5])
    assert set(await ids(http, f"{path}&ranker=source:tags")) == set(videos[:5])
    assert await ids(http, f"{path}&ranker=source:tags&exclude={','.join(videos[:4])}") == [videos[4]]
    async with http.get(f"{path}&ranker=tags") as answer:
        assert answer.headers["X-RecoMind-Ranker"] == "tags"
        assert "X-RecoMind-List" not in answer.headers
    problem = await get(http, f"{path}&ranker=nonsense", 400)
    assert problem["field"] == "ranker"
    assert "there is no ranker nonsense, but hybrid, item-item, popularity, random, source:" in problem["detail"]
    name = f"s-{label}"
    await send(http, "PUT", f"/scenarios/{name}", {"filter": f"label:{label}", "ranker": "source:tags", "n": 5})
    assert set(await ids(http, f"/recommendations/{user}?scenario={name}")) == set(videos[:5])
    await send(http, "DELETE", f"/scenarios/{name}")


async def test_filters_of_a_request_must_all_hold(http, shown):
    label, videos, user = shown
    path = f"/recommendations/{user}?n=50&filter=label:{label}"
    assert set(await ids(http, path)) == set(videos[:5])
    assert set(await ids(http, f"{path}&filter=duration:..2.5%20-video:{videos[0]}")) == {videos[1]}
    assert (await get(http, f"/recommendations/{user}?filter=nonsense", 400))["field"] == "filter"


async def test_what_a_user_blocks_and_uploads_leaves_their_stored_list_at_once(http, worker, shown):
    label, videos, user = shown
    await send(http, "PUT", f"/users/{user}", {"blocked_creators": [f"{label}-0"]})
    assert {video for video in videos[:5] if video in (await lists_of(http, user))[0]} == {videos[1], videos[3]}
    explained = await get(http, f"/explain/{user}/{videos[0]}")
    assert explained["reason"] == "filtered: the user has blocked its creator"
    entry = await send(http, "PUT", f"/users/{user}", {"blocked_creators": None})
    assert entry["blocked_creators"] == []
    assert set(videos[:5]) <= (await lists_of(http, user))[0]
    own = uuid4().hex
    await put(http, own, creator_id=user, labels=[label])
    assert own not in (await ids(http, f"/recommendations/{user}?n=50&filter=label:{label}"))
    connection = await asyncpg.connect(worker.settings.postgres_dsn)
    await connection.execute("UPDATE users SET blocked_creators = $2 WHERE user_id = $1", user, [f"{label}-1"])
    await connection.close()

    async def follows():
        return not {videos[1], videos[3]} & (await lists_of(http, user))[0]

    await wait_for(follows, 5)


async def test_an_erased_user_leaves_no_metadata(http, shown):
    label, videos, user = shown
    await send(http, "PUT", f"/users/{user}", {"name": "N", "country": "DE", "blocked_creators": [f"{label}-0"]})
    assert (await get(http, f"/users/{user}"))["country"] == "DE"
    await send(http, "DELETE", f"/users/{user}", None, 202)

    async def is_gone():
        async with http.get(f"/users/{user}") as answer:
            return answer.status == 404 and videos[0] in await ids(
                http, f"/recommendations/{user}?filter=label:{label}"
            )

    await wait_for(is_gone, 20)


async def test_an_age_rating_and_countries_act_on_stored_lists(http, shown):
    _, videos, user = shown
    await put(http, videos[0], age_rating=16)
    await put(http, videos[1], countries=["DE"])
    assert not {videos[0], videos[1]} & (await lists_of(http, user))[0]
    assert not {videos[0], videos[1]} & set(await ids(http, "/trending?n=50"))
    await send(http, "PUT", f"/users/{user}", {"country": "de", "birth_year": 1990})
    found = await ids(http, f"/recommendations/{user}?n=50&filter=video:{videos[0]},{videos[1]}")
    assert set(found) == {videos[0], videos[1]}


async def test_what_cannot_be_a_rule_is_refused(http, rule_id):
    for body, field in (({"action": "filter", "where": "x"}, "where"), ({"action": "pin", "where": "tag:a"}, "where")):
        assert (await send(http, "PUT", f"/rules/{rule_id}", body, 400))["field"] == field
    await send(http, "PUT", "/rules/a%20b", {"action": "filter", "where": "tag:a"}, 400)
    await send(http, "DELETE", f"/rules/{rule_id}", None, 404)
    await get(http, f"/rules/{rule_id}/preview/u", 404)
    assert (await send(http, "PUT", "/scenarios/x", {"sources": ["x"]}, 400))["field"] == "sources"
    assert (await send(http, "PUT", "/scenarios/x", {"ranker": "x"}, 400))["field"] == "ranker"
