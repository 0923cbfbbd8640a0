"""Experiments on a real worker: users are split, lists are ranked under their arms, and outcomes are counted by arm."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from recomind.experiments.tallies import SKETCH_BITS, _note_videos, distinct_videos
from tests.web.test_api import act, get, put_videos, wait_for
from tests.web.test_rules import send, source_of

ARMS = [{"name": "A"}, {"name": "B", "ranker": "random", "exploration": 0.0}]


@pytest.fixture
async def experiment(http):
    name = f"E-{uuid4().hex[:8]}"
    yield name
    async with http.delete(f"/experiments/{name}") as answer:
        assert answer.status in {200, 404}


@pytest.fixture
async def videos(http):
    return await put_videos(http, 12, uuid4().hex[:8])


async def arm_of(http, user, experiment, query="?n=5"):
    async with http.get(f"/recommendations/{user}{query}") as answer:
        shown = [video["video_id"] for video in await answer.json()]
        found = dict(one.split("=") for one in answer.headers.get("X-RecoMind-Arms", "").split(", ") if one)
        return found.get(experiment), shown


def estimated_coverage(video_ids):
    """What the sketch says of videos: two of five share a register of it once in a hundred times."""
    sketch = bytearray(1 << SKETCH_BITS)
    _note_videos(sketch, video_ids)
    return distinct_videos(sketch)


async def put(http, name, status=200, **fields):
    return await send(http, "PUT", f"/experiments/{name}", {"arms": ARMS, **fields}, status)


async def test_users_are_split_and_what_they_do_is_counted_by_arm(http, videos, experiment):
    entry = await put(http, experiment)
    assert entry["is_running"]
    assert entry["sample_ratio"]["is_as_planned"]
    users = [f"{experiment}-{number}" for number in range(40)]
    expected, likes, shown_by = Counter(), Counter(), defaultdict(list)
    for user in users:
        arm, shown = await arm_of(http, user, experiment)
        assert (await arm_of(http, user, experiment))[0] == arm
        expected[arm] += 1
        shown_by[arm] += shown
        await act(http, user, shown[0])
        likes[arm] += 1
    assert set(expected) == {"A", "B"}

    async def counted():
        found = (await get(http, f"/experiments/{experiment}"))["arms"]
        totals = {arm["name"]: (arm["users"], arm["likes"]) for arm in found}
        return found if totals == {arm: (expected[arm], likes[arm]) for arm in expected} else None

    arms = await wait_for(counted, 30)
    for arm in arms:  # a list that is asked for again counts again if it has changed, or after ten seconds
        assert 5 * arm["users"] <= arm["impressions"] <= 10 * arm["users"]
        assert arm["like_rate"] == pytest.approx(arm["likes"] / arm["impressions"], abs=1e-6)
        assert arm["coverage"] >= estimated_coverage(shown_by[arm["name"]]) >= 4
        assert arm["lists"] * 5 == arm["impressions"]
        assert arm["ranker_left_out"] == 0.0
    [known] = [one for one in await get(http, "/experiments") if one["name"] == experiment]
    assert {one["verdict"] for one in known["differences"]} == {"unknown"}
    async with http.get("/metrics") as answer:
        text = await answer.text()
    line = f'recomind_experiment_places_total{{arm="B",experiment="{experiment}",outcome="liked"}}'
    assert f"{line} {likes['B']}.0" in text


async def test_a_stored_list_is_ranked_again_when_an_experiment_starts_changes_and_ends(http, videos, experiment):
    user = uuid4().hex
    await act(http, user, videos[0])

    async def is_stored():
        await arm_of(http, user, experiment)
        return await source_of(http, user) == "cache"

    await wait_for(is_stored, 30)
    await put(http, experiment, forced={user: "B"})
    assert await source_of(http, user) == "cold"
    await wait_for(is_stored, 30)
    assert (await arm_of(http, user, experiment))[0] == "B"
    shown = (await arm_of(http, user, experiment))[1]
    assert (await get(http, f"/explain/{user}/{shown[0]}"))["arms"] == {experiment: "B"}
    await put(http, experiment, forced={user: "A"})
    assert await source_of(http, user) == "cold"
    assert (await arm_of(http, user, experiment))[0] == "A"
    await wait_for(is_stored, 30)
    await send(http, "DELETE", f"/experiments/{experiment}")
    assert await source_of(http, user) == "cold"
    assert (await arm_of(http, user, experiment))[0] is None
    async with http.get(f"/experiments/{experiment}") as answer:
        assert answer.status == 404


async def test_an_experiment_starts_and_ends_by_time(http, videos, experiment):
    soon = datetime.now(UTC) + timedelta(seconds=2)
    entry = await put(http, experiment, starts_at=soon.isoformat(), ends_at=(soon + timedelta(seconds=2)).isoformat())
    assert not entry["is_running"]
    user = uuid4().hex
    assert (await arm_of(http, user, experiment))[0] is None

    async def runs():
        return (await arm_of(http, user, experiment))[0] is not None

    async def is_over():
        return not await runs()

    await wait_for(runs)
    await wait_for(is_over)


async def test_lists_of_two_rankers_are_interleaved(http, videos, experiment):
    arms = [{"name": "popular", "ranker": "popularity"}, {"name": "random", "ranker": "random"}]
    entry = await send(http, "PUT", f"/experiments/{experiment}", {"arms": arms, "mode": "interleaving"})
    assert entry["preference"] == {"preferred": "", "difference": None, "low": None, "high": None}
    for number in range(6):
        arm, shown = await arm_of(http, f"{experiment}-{number}", experiment, "?n=10")
        assert arm == "both"
        assert len(set(shown)) == len(shown)
        for video in shown:
            await act(http, f"{experiment}-{number}", video)

    async def counted():
        [both] = (await get(http, f"/experiments/{experiment}"))["arms"]
        return both["users"] == 6 and both["likes"] == both["impressions"] > 0

    await wait_for(counted, 30)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"arms": [{"name": "A"}, {"name": "A"}]}, "arms"),
        ({"arms": [{"name": "A"}]}, "arms"),
        ({"arms": [{"name": "A"}, {"name": "B", "ranker": "unknown"}]}, "arms"),
        ({"arms": [{"name": "A"}, {"name": "B", "sources": ["unknown"]}]}, "arms"),
        ({"arms": [{"name": "A"}, {"name": "B", "without_rules": ["no-such-rule"]}]}, "arms"),
        ({"forced": {"u1": "C"}}, "forced"),
        ({"scenario": "unknown"}, "scenario"),
        ({"traffic": 0}, "traffic"),
        ({"starts_at": "2026-01-01T00:00:00"}, "starts_at"),
    ],
)
async def test_what_is_wrong_is_refused(http, experiment, fields, field):
    problem = await put(http, experiment, 400, **fields)
    assert problem["field"].startswith(field), problem


async def test_sources_and_a_ranker_with_sources_of_its_own_do_not_meet(http, experiment):
    scenario, arms = experiment.lower(), [{"name": "A"}, {"name": "B", "sources": ["tags"]}]
    try:
        await send(http, "PUT", f"/scenarios/{scenario}", {"ranker": "popularity"})
        problem = await put(http, experiment, 400, arms=arms, scenario=scenario)
        assert problem["field"] == "arms"
        assert "has sources of its own" in problem["detail"]
        await send(http, "PUT", f"/scenarios/{scenario}", {})
        assert (await put(http, experiment, arms=arms, scenario=scenario))["sources_ignored"] == {}
        problem = await send(http, "PUT", f"/scenarios/{scenario}", {"ranker": "popularity"}, 400)
        assert problem["field"] == "ranker"
        over = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
        await put(http, experiment, arms=arms, scenario=scenario, ends_at=over)
        await send(http, "PUT", f"/scenarios/{scenario}", {"ranker": "popularity"})
        found = await put(http, experiment, arms=arms, scenario=scenario, ends_at=over, note="the same test")
        assert list(found["sources_ignored"]) == ["B"]
    finally:
        await send(http, "DELETE", f"/scenarios/{scenario}")


async def test_a_layer_has_room_for_all_users_once(http, experiment):
    layer, other = uuid4().hex[:8], f"{experiment}-2"
    await put(http, experiment, layer=layer, traffic=0.6)
    problem = await put(http, other, 400, layer=layer, traffic=0.5)
    assert problem["field"] == "traffic"
    await put(http, other, layer=layer, traffic=0.4)
    try:
        for number in range(30):
            async with http.get(f"/recommendations/{experiment}-{number}") as answer:
                found = answer.headers.get("X-RecoMind-Arms", "")
            assert (f"{experiment}=" in found) + (f"{other}=" in found) == 1
    finally:
        await send(http, "DELETE", f"/experiments/{other}")


async def test_a_browser_gets_the_page_and_others_the_data(http):
    async with http.get("/experiments", headers={"Accept": "text/html,*/*"}) as answer:
        assert answer.headers["Vary"] == "Accept"
        assert "<title>RecoMind: experiments</title>" in await answer.text()
    async with http.get("/experiments") as answer:
        assert isinstance(await answer.json(), list)
