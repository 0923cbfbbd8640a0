"""`GET /feed` and `/feed/{user_id}`: lists that say why, once, or with news pushed as server-sent events.

What `GET /recommendations` and `GET /trending` answer is a contract; here each video comes with its reasons.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from aiohttp import web
from msgspec.structs import replace

from recomind.errors import UnavailableError
from recomind.model.catalogue import Card
from recomind.model.responses import Feed, FeedCard, Reason
from recomind.recommender.candidates import tags
from recomind.recommender.candidates.types import SEEDS
from recomind.recommender.explain.evidence import Evidence, counts
from recomind.recommender.explain.reasons import reasons
from recomind.recommender.explain.trend import in_words
from recomind.runtime.app import RecoMindApp
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile
from recomind.stores.read_model import EVERYBODY
from recomind.stores.stored_lists import ListMeta
from recomind_web.recommendations import list_of, profile_at_hand
from recomind_web.requests import app_of, id_of, json, n_of
from recomind_web.streams import Compose, stream
from recomind_web.trending import popular, tag_of, trends_of, window_of

TAGS: Final = 5
"""How many of a person's top tags are told."""

TRENDING_PACE: Final = 1.0
"""Least seconds between two events of trending, which changes all the time."""


async def trending_feed(request: web.Request) -> web.Response:
    """What everybody likes now, or in `window` or of a `tag`, and how much."""
    return json(await _composer(request)())


async def feed(request: web.Request) -> web.Response:
    """The person's list, and why each video is in it."""
    return json(await _person(app_of(request), id_of(request, "user_id"), n_of(request)))


async def trending_events(request: web.Request) -> web.StreamResponse:
    """The trending feed as server-sent events: `list` whenever it has changed."""
    return await stream(request, EVERYBODY, _composer(request), TRENDING_PACE)


async def feed_events(request: web.Request) -> web.StreamResponse:
    """The person's feed as server-sent events: `list` whenever it has changed."""
    app, user_id, n = app_of(request), id_of(request, "user_id"), n_of(request)
    return await stream(request, user_id, lambda: _person(app, user_id, n))


def _composer(request: web.Request) -> Compose:
    """What makes the trending feed that is asked for."""
    app, n = app_of(request), n_of(request)
    if not {"window", "tag"} & request.query.keys():
        return lambda: _everybody(app, n)
    window, tag = window_of(request), tag_of(request)
    return lambda: _window(app, window, tag, n)


async def _window(app: RecoMindApp, window: str, tag: str, n: int) -> bytes:
    trends = await trends_of(app, window, tag, n)
    meta = ListMeta(app.replica.now, {}, 0)
    evidence = await _evidence(app, Profile(), [one.video_id for one in trends])
    answer = _feed("", "cache", meta, trends, evidence)
    reasons = ((Reason("trending", "popularity", 1.0, in_words(one, window)),) for one in trends)
    videos = tuple(replace(card, reasons=why) for card, why in zip(answer.videos, reasons, strict=True))
    return msgspec.json.encode(replace(answer, videos=videos))


async def _everybody(app: RecoMindApp, n: int) -> bytes:
    videos, source = await popular(app, n)
    cards = msgspec.json.decode(videos, type=list[Card])
    listed = [card.video_id for card in cards]
    meta = ListMeta(app.replica.now, {}, 0, {video_id: {"trending": 1.0} for video_id in listed})
    return msgspec.json.encode(_feed("", source, meta, cards, await _evidence(app, Profile(), listed)))


async def _person(app: RecoMindApp, user_id: str, n: int) -> bytes:
    served = await list_of(app, user_id)
    cards = msgspec.json.decode(served.listed.videos, type=list[Card])[:n]
    person, _ = await profile_at_hand(app, user_id)
    evidence = await _evidence(app, person, [card.video_id for card in cards])
    return msgspec.json.encode(_feed(user_id, served.source, served.listed.meta, cards, evidence))


async def _evidence(app: RecoMindApp, person: Profile, listed: Sequence[str]) -> Evidence:
    """What reasons are drawn from; without company and counts while Redis is away."""
    seeds = [liked.video_id for liked in person.likes[-SEEDS:]]
    try:
        neighbours, popularity = await app.read_model.neighbours(seeds), await app.read_model.popularity(listed)
    except UnavailableError:
        neighbours, popularity = {}, {}
    return Evidence(person, app.replica.index, neighbours, popularity, app.replica.now)


def _feed(user_id: str, source: str, meta: ListMeta, cards: Sequence[Card], evidence: Evidence) -> Feed:
    person = evidence.profile
    return Feed(
        user_id,
        source,
        meta.as_of,
        {str(lane): offset for lane, offset in meta.origins.items()},
        meta.version,
        tuple(tag for tag, _ in tags.top(person, evidence.catalogue, TAGS)),
        person.like_count,
        person.view_count,
        person.skip_count,
        tuple(_card(card, meta, evidence) for card in cards),
    )


def _card(card: Card, meta: ListMeta, evidence: Evidence) -> FeedCard:
    video_id = card.video_id
    known = counts(evidence.popularity.get(video_id) or Popularity(), evidence.now)
    why = reasons(evidence, video_id, meta.sources.get(video_id, {}))
    return FeedCard(video_id, card.title, card.url, card.tags, why, known)
