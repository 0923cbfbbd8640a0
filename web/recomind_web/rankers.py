"""Show what a ranker, or a single source, would give a user now: `?ranker=NAME`.

Such a list is ranked for its request. It is neither stored nor recorded as served, and no place is drawn for new
uploads.
"""

from contextlib import suppress
from typing import NamedTuple

from aiohttp import web

from recomind.errors import UnavailableError
from recomind.recommender.extensions.registry import HYBRID
from recomind.recommender.policy.policy import ListRequest, Policy
from recomind.runtime.api_keys import ADMIN
from recomind.runtime.app import RecoMindApp
from recomind.state.profile import Profile
from recomind_web.api_key_middleware import require_scope
from recomind_web.request_parsing import app_of


class PreviewedList(NamedTuple):
    """A list that was ranked to be looked at."""

    videos: bytes
    """JSON array of summaries."""
    ranker: str
    """The ranker that ordered it: the hybrid, if the one that was asked for was left out."""


def ranker_param(request: web.Request) -> str:
    """Parse `?ranker=`; empty if it is absent.

    Raises:
        web.HTTPForbidden: the key of the request lacks the scope `admin`.
        InvalidFieldError: there is no such ranker.
    """
    name = request.query.get("ranker", "")
    if name:
        require_scope(ADMIN)
        names = app_of(request).ranking_cache.extensions.names
        names.check(None, name, of_sources="sources", of_ranker="ranker")
    return name


async def preview(app: RecoMindApp, asked: ListRequest, profile: Profile, ranker: str, n: int) -> PreviewedList:
    """The `n` best videos for a user by a ranker; what is seen in `profile` is left out."""
    cache = app.ranking_cache
    with suppress(UnavailableError):  # then it is ranked with what is cached
        await cache.loader.load([profile])
    policy = cache.policy(asked) or Policy(scenario=asked.scenario)
    with cache.extensions.noting() as faults:
        shown = policy._replace(ranker=ranker, exploration=0.0, rival=None)
        videos = cache.preview(profile, n, shown, cache.local_of(asked, profile))
    is_left_out = any(fault.kind == "ranker" for fault in faults)
    return PreviewedList(videos, HYBRID if is_left_out else ranker)
