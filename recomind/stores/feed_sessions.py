"""What feed sessions have shown: pages, in Redis and in PostgreSQL.

A page is in both before it is handed out, unless one of them is away. So a session survives the loss of either. Redis
is read first. A page in it has the fingerprints of all pages of its group so far, so a session of 10,000 videos is read
with some 60 keys.

Pages are never changed. The first one that is stored under a number counts: a cursor that is sent twice gets the same
page twice.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

import msgspec

from recomind.errors import UnavailableError
from recomind.model.ids import VideoId
from recomind.stores import keys
from recomind.stores.archive import Archive
from recomind.stores.key_value import KeyValueStore

GROUP_PAGES: Final = 16
"""Pages of a group. The last one has the fingerprints of all of them."""

MAX_PAGES_READ: Final = 1_024
"""Pages before the next one that are read where those that hold the fingerprints of others are missing."""

SESSION_TTL_S: Final = keys.DAY_S
"""Seconds after its last page until a session expires."""


class Page(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A page of a feed session."""

    shown: bytes
    """Fingerprints of the videos of this page and of the pages of its group before it."""
    video_ids: tuple[VideoId, ...]
    """The videos of this page, best first."""
    encoded_meta: bytes
    """The `ListMeta` of the page, msgpack, without features."""
    is_complete: bool = True
    """Whether all pages of its group before it were known when it was made."""


class Shown(NamedTuple):
    """What a session has shown so far."""

    fingerprints: bytes
    """Of the videos of all pages that are known."""
    in_group: bytes
    """Of those that are in the group of the next page."""
    is_complete: bool
    """Whether all pages are known: False if some are in neither store, or both are away."""
    next_page: Page | None = None
    """The page after them, if it has been handed out before."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Page).decode


class FeedSessions:
    """Reads and writes the pages of feed sessions."""

    def __init__(self, store: KeyValueStore, archive: Archive) -> None:
        self._store = store
        self._archive = archive

    async def shown(self, session: bytes, pages: int) -> Shown:
        """What the first `pages` pages of a session have shown; as much as is known while both stores are away."""
        needed, first = _needed(pages), _first_of_group(pages + 1)
        found = await self._cached(session, [*needed, pages + 1])
        if not found.keys() >= set(needed):
            found |= await self._restored(session, pages, found)
        is_complete = found.keys() >= set(needed)
        if not is_complete:
            found |= await self._cached(session, range(max(1, pages - MAX_PAGES_READ), pages + 2))
        before = {number: page for number, page in found.items() if number <= pages}
        used = [before[number] for number in needed] if is_complete else list(before.values())
        in_group = [before[number] for number in sorted(before) if number >= first]
        return Shown(
            b"".join(page.shown for page in used),
            in_group[-1].shown if in_group else b"",
            is_complete and all(page.is_complete for page in used),
            found.get(pages + 1),
        )

    async def put(self, user_id: str, session: bytes, number: int, page: Page) -> Page:
        """Store a page; returns the page of this number that counts.

        It is another one if a request with the same cursor has come first. While both stores are away, nothing is
        stored.
        """
        stored, key = _encode(page), keys.feed_page(session, number)
        with suppress(UnavailableError):
            stored = await self._archive.put_feed_page(session, number, user_id, stored)
            await self._store.set_many({key: stored}, keys.FEED_PAGE_TTL_S)
            return _decode(stored)
        with suppress(UnavailableError):  # PostgreSQL or Redis is away
            if not await self._store.set_if_absent({key: stored}, keys.FEED_PAGE_TTL_S, (key, None)):
                [stored_before] = await self._store.get_many([key])
                stored = stored_before or stored
        return _decode(stored)

    async def _cached(self, session: bytes, numbers: Sequence[int]) -> dict[int, Page]:
        """Pages by number that are in Redis; none while it is away."""
        try:
            values = await self._store.get_many([keys.feed_page(session, number) for number in numbers])
        except UnavailableError:
            return {}
        return {number: _decode(value) for number, value in zip(numbers, values, strict=True) if value is not None}

    async def _restored(self, session: bytes, pages: int, cached: Mapping[int, Page]) -> dict[int, Page]:
        """The pages that PostgreSQL has and Redis has not; they are stored in Redis again."""
        try:
            rows = await self._archive.feed_pages(session, pages + 1)
        except UnavailableError:
            return {}
        missing = {number: value for number, value in rows if number not in cached}
        with suppress(UnavailableError):
            await self._store.set_many(
                {keys.feed_page(session, number): value for number, value in missing.items()}, keys.FEED_PAGE_TTL_S
            )
        return {number: _decode(value) for number, value in missing.items()}


def _needed(pages: int) -> list[int]:
    """The pages that together have the fingerprints of the first `pages` ones: the last of each group.

    >>> _needed(0), _needed(16), _needed(35)
    ([], [16], [16, 32, 35])
    """
    return [*range(GROUP_PAGES, pages, GROUP_PAGES), *([pages] if pages else [])]


def _first_of_group(number: int) -> int:
    """The number of the first page of a page's group.

    >>> _first_of_group(16), _first_of_group(17)
    (1, 17)
    """
    return (number - 1) // GROUP_PAGES * GROUP_PAGES + 1
