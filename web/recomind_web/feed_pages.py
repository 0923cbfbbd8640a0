"""Pages of feed sessions: `GET /feed/{user_id}?cursor=` shows a user the next videos, and never one of them again.

A page is ranked when it is asked for, so what the user has just liked counts. It is stored before it is handed out. A
cursor that is sent again gets the page that followed it.
"""

from collections.abc import Sequence
from secrets import token_bytes
from typing import Final, NamedTuple

from aiohttp import web

from recomind.model.cursors import SESSION_BYTES, Cursor, decode_cursor, encode_cursor
from recomind.recommender.policy.policy import ListRequest
from recomind.runtime.app import RecoMindApp
from recomind.stores.feed_sessions import SESSION_TTL_S, FeedSessions, Page, Shown
from recomind.stores.stored_lists import ServedList, without_features
from recomind_web.problem_json import BadRequestError
from recomind_web.unseen import fingerprints_of, has_unseen, profile_as_if_seen, rank_unseen

MAX_PAGES: Final = 100_000
"""Pages of a session; then another one begins."""


class FeedPage(NamedTuple):
    """The next page of a session."""

    served: ServedList
    cursor: str
    """To be passed on for the page after it."""
    is_end: bool
    """Whether no video is left that the user has not seen."""
    may_repeat: bool
    """Whether earlier pages of the session are unknown, since the servers that hold them are away or have lost them."""


def cursor_param(request: web.Request, app: RecoMindApp, user_id: str) -> Cursor | None:
    """Parse `?cursor=`: None if it is absent, the cursor of a new session if it is empty.

    Raises:
        BadRequestError: it is no cursor of this user.
        HTTPGone: its session has expired.
    """
    text, now = request.query.get("cursor"), app.kafka_producer.clock.now()
    if text is None:
        return None
    if not text:
        return Cursor(token_bytes(SESSION_BYTES), 0, now)
    found = decode_cursor(text, user_id)
    if found is None:
        raise BadRequestError(
            "this is no cursor of this user's feed: send the one of the latest page, or an empty one to start again",
            "cursor",
        )
    if now - found.at > SESSION_TTL_S or found.pages >= MAX_PAGES:
        raise web.HTTPGone(
            text="this feed session has expired: send an empty cursor to start another one (sessions last until "
            f"{SESSION_TTL_S // 3600} hours after the last page, and {MAX_PAGES:,} pages)"
        )
    return found


async def next_page(app: RecoMindApp, asked: ListRequest, n: int, cursor: Cursor, excluded: Sequence[str]) -> FeedPage:
    """The page after a cursor, with at most `n` videos and without those that are excluded.

    If it has been handed out before, it is the same, less what has been taken down or is excluded now.
    """
    cache, user_id = app.ranking_cache, asked.user_id
    sessions = FeedSessions(app.read_model.store, app.archive)
    shown = await sessions.shown(cursor.session, cursor.pages)
    profile = await profile_as_if_seen(app, user_id, shown.fingerprints + fingerprints_of(excluded))
    page = shown.next_page
    if page is None:
        served = cache.listed_part(await rank_unseen(app, asked, profile, n), asked=asked).served
        made = page = _page_of(served, shown)
        if made.video_ids:
            page = await sessions.put(user_id, cursor.session, cursor.pages + 1, made)
        if page == made and made.video_ids:
            app.served_lists.record(asked, n, cache.now, served)
    left = [video_id for video_id in page.video_ids if video_id not in excluded]
    after = cursor._replace(pages=cursor.pages + bool(page.video_ids), at=app.kafka_producer.clock.now())
    return FeedPage(
        cache.listed_part(ServedList(cache.summaries_json(left), page.encoded_meta), asked=asked).served,
        encode_cursor(after, user_id),
        len(page.video_ids) < n and not has_unseen(app, asked, profile, page.video_ids),
        not shown.is_complete,
    )


def _page_of(served: ServedList, shown: Shown) -> Page:
    """The page that a list becomes."""
    video_ids = served.shown_meta.video_ids
    return Page(
        shown.in_group + fingerprints_of(video_ids), video_ids, without_features(served.encoded_meta), shown.is_complete
    )
