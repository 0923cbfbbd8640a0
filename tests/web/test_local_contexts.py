"""Where and when users act, on a real worker: it counts by country and hour, and lists follow what a request says."""

import json
from types import SimpleNamespace
from uuid import uuid4

import pytest

from recomind.settings import Settings
from recomind_web import actions
from tests.web.test_api import put_videos, wait_for


async def list_of(http, user, **query):
    async with http.get(f"/recommendations/{user}", params={"n": 20, **query}) as answer:
        assert answer.status == 200, await answer.text()
        listed = [video["video_id"] for video in json.loads(await answer.read())]
        return listed, answer.headers["X-RecoMind-Source"]


async def act(http, user, video, kind, **context):
    body = {"user_id": user, "video_id": video, "action_type": kind, "context": context}
    async with http.post("/video_action", json=body) as answer:
        assert answer.status == 202, await answer.text()
        return (await answer.json()).get("note", "")


async def act_on_list(http, user, liked_tag, **context):
    """Like the videos of a tag in a user's list, and skip the others."""
    for video in (await list_of(http, user))[0][:10]:
        await act(http, user, video, "like" if video.startswith(liked_tag) else "skip", **context)


async def trending_in(http, country, n=50):
    async with http.get("/trending", params={"country": country, "n": n}) as answer:
        assert answer.status == 200, await answer.text()
        return [video["video_id"] for video in await answer.json()]


CODES = iter([("QX", "QY"), ("QV", "QW")])
"""Of countries that no other test knows."""


@pytest.fixture
async def countries(http):
    """Two countries in the evening, with a tag each that is liked there: country to the videos of the tag."""
    found = {}
    for country in next(CODES):
        tag = uuid4().hex[:8]
        found[country] = await put_videos(http, 12, tag)
    for country, videos in found.items():
        for fan in range(6):
            user = f"{country}-{fan}-{uuid4().hex[:8]}"
            await act(http, user, videos[fan], "like", country=country, local_hour=20)
            await act_on_list(http, user, videos[0].split("-")[0], country=country, local_hour=20)

    user = await user_with_list(http, videos[-1])

    async def are_known():
        return [(await list_of(http, user, country=country))[1] for country in found] == ["cold", "cold"]

    await wait_for(are_known, 30)
    return found


async def user_with_list(http, video):
    """A user who has a stored list, and has acted without a context."""
    user = uuid4().hex
    async with http.post("/video_action", json={"user_id": user, "video_id": video, "action_type": "view"}) as answer:
        token = (await answer.json())["token"]

    async def is_stored():
        return (await list_of(http, user, after=token))[1] == "cache"

    await wait_for(is_stored, 20)
    return user


async def test_lists_are_ranked_for_the_country_and_the_hour_of_the_request(http, countries):
    here_code, there_code = countries
    user = await user_with_list(http, countries[here_code][-1])
    here = await list_of(http, user, country=here_code.lower(), local_hour=21)
    assert here[1] == "cold"
    assert await list_of(http, user, country=here_code, local_hour=19) == (here[0], "cache")
    assert await list_of(http, user) == (here[0], "cache"), "without parameters, any stored list will do"
    there = await list_of(http, user, country=there_code, timezone="+00:00")
    assert there[1] == "cold"
    own = {country: sum(one in videos for one in here[0]) for country, videos in countries.items()}
    assert own[here_code] >= 4
    unknown = await list_of(http, user, country="QZ")
    assert unknown == (there[0], "cache"), "of this country nothing is known"


async def test_videos_are_trending_in_a_country(http, countries):
    for country, videos in countries.items():

        async def is_first(country=country, videos=videos):
            found = await trending_in(http, country)
            return set(found[:6]) <= set(videos) and len(found) == len(set(found))

        await wait_for(is_first, 20)
    assert len(await trending_in(http, "QZ", n=5)) == 5, "where nothing is known, videos that are popular everywhere"


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/recommendations/u?country=Germany", "country"),
        ("/recommendations/u?local_hour=24", "local_hour"),
        ("/feed/u?timezone=Mars/Olympus", "timezone"),
        ("/trending?country=D", "country"),
        ("/trending?country=DE&window=1h", "country"),
    ],
)
async def test_a_parameter_that_cannot_be_read_is_refused(http, path, field):
    async with http.get(path) as answer:
        assert answer.status == 400
        assert (await answer.json())["field"] == field


async def test_a_context_that_cannot_be_read_fails_no_action(http):
    [video] = await put_videos(http, 1, uuid4().hex[:8])
    note = await act(http, uuid4().hex, video, "like", country="Atlantis", local_hour="late", timezone="Mars/Olympus")
    assert note.startswith("context.country, context.local_hour, context.timezone: ")
    assert await act(http, uuid4().hex, video, "like", country="AT", device="phone") == ""


@pytest.mark.parametrize(
    ("level", "logged"), [("all", {"country": "AT", "city": "Graz"}), ("country", {"country": "AT"})]
)
def test_no_more_of_a_context_is_logged_than_the_setting_says(level, logged):
    action = {"user_id": "u", "video_id": "v", "action_type": "like", "context": {"country": "AT", "city": "Graz"}}
    sent = actions.validated(json.dumps(action).encode(), 1.7e9, level)
    assert json.loads(sent.encode())["context"] == logged


@pytest.mark.parametrize(("level", "outcome"), [("all", "kept in the log, and ignored,"), ("country", "not kept,")])
def test_the_note_says_whether_a_value_that_cannot_be_read_is_retained(level, outcome):
    index = SimpleNamespace(rows={"v": 0}, videos={0})
    app = SimpleNamespace(ranking_cache=SimpleNamespace(index=index), options=Settings(context=level))
    action = {"user_id": "u", "video_id": "v", "action_type": "like", "context": {"country": "Atlantis"}}
    sent = actions.validated(json.dumps(action).encode(), 1.7e9, level)
    assert actions._accepted(app, sent, "0:1").note == f"context.country: {outcome} as it cannot be read"
    assert ("Atlantis" in sent.encode().decode()) == (level == "all")
