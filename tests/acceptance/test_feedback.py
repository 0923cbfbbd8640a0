"""Feedback and undos on a real stack: exact under faults and duplicates, verified, and forgotten with the user."""

import asyncio
from uuid import uuid4

import aiohttp
import numpy as np

from recomind.dev.simulator import Audience
from recomind.model.action_types import ACTION_TYPES, FEEDBACK_TYPES, UNDO_TYPES, UNDONE_BY
from recomind.model.events import Action
from recomind.offline.verification.verify import verify
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile, counted
from recomind.stores.archive import Archive
from recomind.stream.log_replay import replay_log
from tests.acceptance import recount
from tests.acceptance.test_erasure import erase, wait_until_done
from tests.acceptance.test_exactness import send_with_faults
from tests.conftest import workers

AUDIENCE = Audience(20, 50, 4)
GONE = AUDIENCE.users[0]
START = 1.7e9
CONTEXTS = (None, '{"country":"DE"}', '{"country":"FR","local_hour":8}', '{"timezone":"Asia/Tokyo"}', '{"country":49}')
KINDS = ("like", "view", "skip", *ACTION_TYPES, *UNDO_TYPES, "like", "undo_like")


def simulated_actions(seed, number):
    """Actions of all types within one hour; undos are of what may be there."""
    draw = np.random.default_rng(seed)
    for at in range(number):
        user, video = AUDIENCE.users[draw.integers(len(AUDIENCE.users))], AUDIENCE.videos[draw.integers(50)].video_id
        kind, watched = KINDS[draw.integers(len(KINDS))], int(draw.integers(20_000))
        fields = {"watched_ms": watched, "duration_ms": 15_000} if kind == "view" else {}
        fields |= {"context": CONTEXTS[draw.integers(len(CONTEXTS))]}
        yield Action(user, video, kind, START + 600 * seed + at / number * 600, uuid4(), **fields)


def expected_counts(actions):
    """Video to (likes, first likes, feedback) that are left, by a recount from the actions alone."""
    done = {}
    for action in actions:
        undone = UNDONE_BY.get(action.action_type)
        if undone is None:
            done.setdefault((action.user_id, action.video_id, action.action_type), []).append(action)
        else:
            done.pop((action.user_id, action.video_id, undone), None)
    found = {}
    for (_, video, kind), some in done.items():
        counts = found.setdefault(video, dict.fromkeys(("likes", "first likes", *FEEDBACK_TYPES), 0))
        if kind == "like":
            counts["likes"] += len(some)
            counts["first likes"] += 1
        elif kind in FEEDBACK_TYPES:
            counts[kind] += 1
    return {video: tuple(counts.values()) for video, counts in found.items() if any(counts.values())}


async def table_counts(settings):
    found = {}
    for video, one in (await recount.table_values(settings, "popularity", Popularity)).items():
        feedback = one.feedback or (0,) * len(FEEDBACK_TYPES)
        found[video] = (one.counts.likes, one.first_likes, *feedback)
    return {video: counts for video, counts in found.items() if any(counts)}


async def test_feedback_and_undos_are_exact_verified_and_forgotten(new_stack, tmp_path):
    settings = new_stack.settings
    actions = [*simulated_actions(0, 1500), *simulated_actions(1, 1500)]
    archive = Archive(settings.postgres_dsn)
    await archive.open()
    await archive.put_videos(AUDIENCE.videos)
    await archive.close()
    with workers(settings, tmp_path) as start:
        first, second = start().wait_ready(), start().wait_ready()
        await replay_log(settings, twice(actions[:1200]))
        first.kill()
        await replay_log(settings, twice(actions[1200:]))
        expected = expected_counts(actions)
        assert await recount.wait_until_equal(lambda: table_counts(settings), expected, 240) == expected
        report = await verify(settings, within=120)
        assert report.differences == []
        assert report.notes == []
        assert await wait_until_done(second.base_url, GONE, await erase(second.base_url, GONE)) == []
        assert await table_counts(settings) == expected_counts([one for one in actions if one.user_id != GONE])
        report = await verify(settings, within=120)
        assert report.differences == []
        profiles = await recount.table_values(settings, "profiles", Profile)
        gone = profiles[GONE]
        assert counted(gone) == Profile(gone.applied_offsets, erasure_offset=gone.erasure_offset)
        around = await recount.table_values(settings, "neighbours", Neighbours)
        assert GONE not in {liker.user_id for one in around.values() for liker in one.likers}
        await act_on_a_served_list(second.base_url, AUDIENCE.users[1])
        await send_with_faults(
            settings, list(simulated_actions(2, 800))
        )  # partly in wrong partitions, in another order
        await asyncio.sleep(1)
        report = await verify(settings, within=120)
        assert report.differences == []
        assert report.compared["outcomes of served lists, by kind"] >= 3  # likes, undone ones, and other feedback
        assert second.stop() == 0


def twice(actions):
    """Each tenth action a second time."""
    return [one for number, action in enumerate(actions) for one in [action] * (2 if number % 10 == 0 else 1)]


async def act_on_a_served_list(base_url, user):
    """Like a served video, undo that, dislike it, and like another, which is undone after 60 others."""
    async with aiohttp.ClientSession(base_url) as http:
        async with http.get(f"/recommendations/{user}") as answer:
            assert answer.status == 200
            list_id, videos = answer.headers["X-RecoMind-List"], [one["video_id"] for one in await answer.json()]
        await asyncio.sleep(1.5)
        steps = [(0, "like", False), (0, "like", True), (0, "dislike", False), (1, "like", False), (2, "report", False)]
        acts = [(videos[place], kind, undo) for place, kind, undo in steps]
        acts += [(f"other-{number}", "like", False) for number in range(60)] + [(videos[1], "like", True)]
        for video, kind, undo in acts:
            action = {"user_id": user, "video_id": video, "action_type": kind, "undo": undo, "list_id": list_id}
            async with http.post("/video_action", json=action) as answer:
                assert answer.status == 202, await answer.text()
                token = (await answer.json())["token"]
        for _ in range(30):  # each request waits for a second
            async with http.get(f"/recommendations/{user}", params={"after": token}) as answer:
                listed = {one["video_id"] for one in await answer.json()}
                if answer.headers["X-RecoMind-After"] == "counted":
                    break
        assert answer.headers["X-RecoMind-After"] == "counted"
        assert listed.isdisjoint(videos[:3])
