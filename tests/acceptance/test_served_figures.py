"""The figures of /operations and /metrics are those of what was really served: a client counts along over HTTP."""

import asyncio
import re
from collections import Counter
from dataclasses import replace
from uuid import uuid4

import aiohttp
import numpy as np
import pytest

from recomind.dev.simulator import Community
from recomind.recommender.control import in_control_group
from recomind.stores.archive import Archive
from tests.conftest import workers

ROUNDS, PLACES, CONTROL_SHARE = 12, 6, 0.3
TOLERANCE = 0.03


class Client:
    """Asks for lists, acts on some of the videos at once, and counts."""

    def __init__(self, http, base_urls, community):
        self.http, self.base_urls, self.community = http, base_urls, community
        self.counts, self.tokens, self.seen = Counter(), {}, {user: set() for user in community.users}
        self.offered = {user: set() for user in community.users}
        self.draw = np.random.default_rng(3)

    async def visit(self, user):
        group = "control" if in_control_group(user, CONTROL_SHARE) else "ranked"
        after = {"after": self.tokens[user]} if user in self.tokens else {}
        async with self.http.get(
            f"{self.any_worker()}/recommendations/{user}", params={"n": str(PLACES), **after}
        ) as answer:
            assert answer.status == 200
            shown = [video["video_id"] for video in await answer.json()]
            is_counted = answer.headers.get("X-RecoMind-After") == "counted"
        self.counts[group, "lists"] += 1
        self.counts[group, "shown"] += len(shown)
        repeats = self.seen[user] & set(shown)
        assert not (is_counted and repeats), "a list that counts all actions repeats none"
        self.counts["repeats"] += len(repeats)
        self.offered[user] |= set(shown)
        places = [place for place, video in enumerate(shown) if video not in repeats]  # others have an outcome already
        chosen = sorted(self.draw.choice(places, min(3, len(places)), replace=False).tolist())
        acts = [(shown[place], self.community.react(user, shown[place]), place) for place in chosen]
        if self.draw.random() < 0.3:  # the first like after the list is one of a video that was found another way
            others = [one.video_id for one in self.community.videos if one.video_id not in self.offered[user]]
            acts.insert(0, (str(self.draw.choice(others)), "like", None))
            self.offered[user].add(acts[0][0])
        await self.post(user, [(video, kind) for video, kind, _ in acts])
        self.count(group, acts)
        self.seen[user] |= {video for video, _, _ in acts}

    def count(self, group, acts):
        likes = [place for _, kind, place in acts if kind == "like"]
        found = [place for place in likes if place is not None]
        self.counts[group, "acted on"] += sum(place is not None for _, _, place in acts)
        self.counts[group, "liked"] += len(found)
        self.counts[group, "lists with a like"] += bool(found)
        if group == "ranked":
            self.counts.update(("place", place + 1) for place in found)
            self.counts["first likes"] += bool(likes)
            self.counts["hits"] += bool(likes) and likes[0] is not None

    async def post(self, user, acts):
        body = [
            {"user_id": user, "video_id": video, "action_type": kind, "event_id": str(uuid4())} for video, kind in acts
        ]
        while True:
            async with self.http.post(f"{self.any_worker()}/video_actions", json=body) as answer:
                assert answer.status in {202, 503}
                if answer.status == 202:
                    self.tokens[user] = answer.headers["X-RecoMind-Token"]
                    return
            await asyncio.sleep(1)  # Kafka is slow; the event ids make sure that nothing counts twice

    def any_worker(self):
        return str(self.draw.choice(self.base_urls))


def close(share):
    return pytest.approx(share, rel=TOLERANCE)


async def test_figures_are_those_of_what_was_served_and_outlive_a_worker(new_stack, tmp_path):
    settings = replace(new_stack.settings, control_share=CONTROL_SHARE, session_timeout=20.0)
    community = Community(40, 300, now=1.7e9)
    await put_videos(settings, community)
    with workers(settings, tmp_path) as start:
        both = [start().wait_ready(), start().wait_ready()]
        both[0].wait_ready()
        urls = [worker.base_url for worker in both]
        async with aiohttp.ClientSession() as http:
            client = Client(http, urls, community)
            for _ in range(ROUNDS):
                for first in range(0, 40, 10):
                    await asyncio.gather(*(client.visit(user) for user in community.users[first : first + 10]))
            counts = client.counts
            served = await figures(http, urls[0], counts)
            check_operations(served, counts)
            check_metrics([await metrics(http, url) for url in urls], counts)
            await check_explanations(http, urls[0], community.users)
            assert both[1].stop() == 0
            both[0].wait_ready()
            check_operations(await figures(http, urls[0], counts), counts)
            catalogue = (await overview(http, urls[0]))["catalogue"]
            assert catalogue["videos"] == 300
            assert catalogue["coverage"] > 0.5


def check_operations(served, counts):
    assert served["lists"] == close(counts["ranked", "lists"])
    assert served["shown"] == close(counts["ranked", "shown"])
    assert served["like_rate"] == close(counts["ranked", "liked"] / counts["ranked", "shown"])
    assert served["acted_on"] == close(counts["ranked", "acted on"] / counts["ranked", "shown"])
    assert served["control"]["shown"] == close(counts["control", "shown"])
    assert served["control"]["like_rate"] == close(counts["control", "liked"] / counts["control", "shown"])
    assert served["lists_with_a_like"] == close(counts["ranked", "lists with a like"] / counts["ranked", "lists"])
    assert served["hit_rate"] == close(counts["hits"] / counts["first likes"])
    assert served["repeats"] == pytest.approx(counts["repeats"] / (ROUNDS * 40 * PLACES), abs=0.01)
    for place in range(1, PLACES + 1):
        expected = counts["place", place] / counts["ranked", "lists"]
        assert served["by_place"][str(place)]["like_rate"] == pytest.approx(expected, rel=TOLERANCE, abs=0.002)


async def check_explanations(http, base_url, users):
    """A user of the control group is told so, and any other user is not."""
    for is_control in (True, False):
        user = next(one for one in users if in_control_group(one, CONTROL_SHARE) == is_control)
        async with http.get(f"{base_url}/feed/{user}", params={"n": "1"}) as answer:
            [first] = (await answer.json())["videos"]
        async with http.get(f"{base_url}/explain/{user}/{first['video_id']}") as answer:
            explained = await answer.json()
        assert explained["control"] == is_control
        assert ("control group" in explained["reason"]) == is_control
        assert bool(explained["sources"]) != is_control
        assert (first["reasons"][0]["strategy"] == "control") == is_control


def check_metrics(of_workers, counts):
    def total(name):
        return sum(one[name] for one in of_workers)

    videos = "recomind_served_videos_total"
    for outcome, name in (("shown", "shown"), ("acted_on", "acted on"), ("liked", "liked")):
        ranked = sum(total(f'{videos}{{group="{group}",outcome="{outcome}"}}') for group in ("ranked", "explored"))
        assert ranked == close(counts["ranked", name])
        assert total(f'{videos}{{group="control",outcome="{outcome}"}}') == close(counts["control", name])
    assert total('recomind_first_likes_total{found="first_ten"}') == close(counts["hits"])


async def figures(http, base_url, counts):
    """The figures once all that was posted is counted."""
    for _ in range(40):
        found = await overview(http, base_url)
        served = found["served"]["15m"]
        if (
            found["whole"]
            and not found["missing"]
            and (served["acted_on"] or 0) * served["shown"] >= (counts["ranked", "acted on"] * (1 - TOLERANCE / 3))
        ):
            break
        await asyncio.sleep(0.5)
    return served


async def overview(http, base_url):
    async with http.get(f"{base_url}/operations") as answer:
        return await answer.json()


async def metrics(http, base_url):
    async with http.get(f"{base_url}/metrics") as answer:
        text = await answer.text()
    return {name: float(value) for name, value in re.findall(r"^(recomind\S+) (\S+)$", text, re.MULTILINE)}


async def put_videos(settings, community):
    archive = Archive(settings.postgres_dsn)
    await archive.open()
    await archive.put_videos(community.videos)
    await archive.close()
