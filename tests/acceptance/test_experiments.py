"""The figures of an experiment follow from the logs: `verify` recounts them, and finds those that were changed."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import aiohttp
import msgspec
import numpy as np
import pytest

from recomind.dev.simulator import Community
from recomind.errors import InputError
from recomind.experiments.tallies import LIKED, ArmTally
from recomind.offline.verification.recount_experiments import STORE
from recomind.offline.verification.verify import verify
from recomind.offline.whatif_log import whatif
from recomind.stores.read_model import ReadModel
from recomind.stores.redis_store import RedisStore
from recomind.stores.served_statistics import ServedStatistics
from tests.acceptance.test_served_figures import put_videos
from tests.conftest import workers

EXPERIMENTS = {
    "rankers": {"arms": [{"name": "A"}, {"name": "B", "ranker": "random"}], "layer": "ranking", "traffic": 0.4},
    "faulty": {"arms": [{"name": "A"}, {"name": "B", "ranker": "broken"}], "layer": "ranking", "traffic": 0.2},
    "look": {
        "arms": [{"name": "popular", "ranker": "popularity"}, {"name": "random", "ranker": "random"}],
        "mode": "interleaving",
        "layer": "ranking",
        "traffic": 0.4,
    },
}


BROKEN = "ranker:broken=tests.unit.recommender.extensions.engines:BrokenRanker"


async def visit(http, url, community, user, draw):
    async with http.get(f"{url}/recommendations/{user}?n=8") as answer:
        assert answer.status == 200
        shown, arms = [video["video_id"] for video in await answer.json()], answer.headers["X-RecoMind-Arms"]
    acts = [
        {
            "user_id": user,
            "video_id": video,
            "action_type": community.react(user, video),
            "event_id": str(uuid4()),
            "watched_ms": int(draw.integers(1, 20_000)),
            "duration_ms": 15_000,
        }
        for video in shown[: int(draw.integers(1, 6))]
    ]
    async with http.post(f"{url}/video_actions", json=acts) as answer:
        assert answer.status == 202
    return arms


async def test_verify_recounts_experiments(new_stack, tmp_path):
    settings = replace(new_stack.settings, extensions=BROKEN)
    community, draw = Community(40, 300, now=1.7e9), np.random.default_rng(5)
    await put_videos(settings, community)
    with workers(settings, tmp_path) as start:
        both = [start().wait_ready(), start().wait_ready()]
        both[0].wait_ready()
        async with aiohttp.ClientSession() as http:
            for name, body in EXPERIMENTS.items():
                async with http.put(f"{both[0].base_url}/experiments/{name}", json=body) as answer:
                    assert answer.status == 200, await answer.text()
            await asyncio.sleep(1)  # until the other worker has them
            arms = set()
            for round_ in range(5):
                urls = [both[number % 2].base_url for number in range(round_, round_ + 40)]
                found = [
                    visit(http, url, community, user, draw) for user, url in zip(community.users, urls, strict=True)
                ]
                arms.update(await asyncio.gather(*found))
            assert arms == {"rankers=A", "rankers=B", "faulty=A", "faulty=B", "look=both"}
            report = await verify(settings, within=120)
            async with http.get(f"{both[1].base_url}/experiments/faulty") as answer:
                shares = [(arm["lists"] > 0, arm["ranker_left_out"]) for arm in (await answer.json())["arms"]]
        assert shares == [(True, 0.0), (True, 1.0)]
        assert report.differences == []
        assert report.compared[STORE] == 55
        await estimate_another(settings)
        await change(settings)
        report = await verify(settings, within=120)
        assert {one.store for one in report.differences} == {STORE}
        [difference] = report.differences
        assert difference.key.endswith("liked")


async def estimate_another(settings):
    """Some lists are random: these of the arm B, whose ranker draws."""
    found = await whatif(settings, "rankers:B", 86_400, 100)
    assert found.random_places > 100
    assert found.ranked_places > 100
    assert 0 < found.like_rate < 1
    assert found.from_ranked.refusal
    assert 0.8 < found.from_random.overlap < 1.2  # B draws in the replay what it drew for the log
    elsewhere = await whatif(settings, "popularity", 86_400, 100, scenario="elsewhere")
    assert elsewhere.from_random.refusal == "no list of the scenario elsewhere was handed out in this time"
    with pytest.raises(InputError, match="neither a ranker"):
        await whatif(settings, "rankers:C", 86_400, 100)


async def change(settings):
    """Add likes to an arm in what is stored."""
    store = RedisStore(settings.redis_url)
    statistics = ServedStatistics(ReadModel(store))
    for partition in range(settings.partitions):
        counts = await statistics.counts(partition)
        for name, tally in counts.experiments.items():
            for arm, one in tally.arms.items():
                changed = ArmTally()
                changed.add(one)
                changed.sums[0, LIKED] += 5_000
                arms = {**tally.arms, arm: changed.stored()}
                experiments = {**counts.experiments, name: msgspec.structs.replace(tally, arms=arms)}
                await statistics.put_counts({partition: msgspec.structs.replace(counts, experiments=experiments)})
                await store.close()
                return
    raise AssertionError("no partition has counted an experiment")
