"""Search of stored lists: which of them hold a video that was taken down."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec

from recomind.stores import keys
from recomind.stores.key_value import KeyValueStore

MAX_LISTS_PER_SEARCH: Final = 500
"""Lists that are searched by one command; it keeps Redis busy for some milliseconds."""

_PREFIX: Final = keys.recommendations("")


async def users_with(store: KeyValueStore, video_ids: Sequence[str]) -> AsyncIterator[list[str]]:
    """Users whose stored lists hold any of these videos, in chunks. Redis searches: no list is transferred."""
    parts = [b'"video_id":%s,' % msgspec.json.encode(video_id) for video_id in video_ids]
    async for names in _list_keys(store):
        yield [name.removeprefix(_PREFIX) for name in await store.containing(names, parts)]


async def stored_lists(store: KeyValueStore) -> AsyncIterator[dict[str, bytes]]:
    """All users' lists as JSON, in chunks."""
    async for names in _list_keys(store):
        found = zip(names, await store.get_many(names), strict=True)
        yield {name.removeprefix(_PREFIX): videos for name, videos in found if videos is not None}


async def drop_lists(store: KeyValueStore, user_ids: Sequence[str]) -> None:
    """Delete the videos of users' lists; the meta stays, and the next request for the list ranks it."""
    if user_ids:
        await store.delete([keys.recommendations(user_id) for user_id in user_ids])
        await store.publish(keys.LIST_UPDATES, msgspec.msgpack.encode(list(user_ids)))


async def _list_keys(store: KeyValueStore) -> AsyncIterator[list[str]]:
    some: list[str] = []
    async for key in store.scan_keys(_PREFIX):
        some.append(key)
        if len(some) == MAX_LISTS_PER_SEARCH:
            yield some
            some = []
    if some:
        yield some
