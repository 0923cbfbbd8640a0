"""The blocks of seen videos in the read model: by user and number, contiguous from 0.

Their owner publishes them with the profile that counts them, and before it. They do not expire: a user who comes back
has lost nothing. A reader that finds one missing falls back to the archive (`recomind.stores.profile_completer`).
"""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Final

import msgspec

from recomind.state.seen_blocks import SeenBlock
from recomind.stores import keys
from recomind.stores.fencing import Fence
from recomind.stores.key_value import KeyValueStore

BLOCKS_PER_PROBE: Final = 100
"""Blocks that are read at once to find the last one."""

Place = tuple[str, int]
"""User id and number of a block."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(SeenBlock).decode


async def put(store: KeyValueStore, blocks: Mapping[Place, SeenBlock], fence: Fence | None) -> None:
    """Store blocks."""
    await store.set_many({keys.seen_block(*place): _encode(block) for place, block in blocks.items()}, None, fence)


async def get(store: KeyValueStore, places: Sequence[Place]) -> dict[Place, SeenBlock]:
    """Blocks, without those that are not stored."""
    found = await store.get_many([keys.seen_block(*place) for place in places])
    return {place: _decode(value) for place, value in zip(places, found, strict=True) if value is not None}


async def delete_from(store: KeyValueStore, counts: Mapping[str, int], fence: Fence | None) -> None:
    """Delete what erased users have left behind, and what an old copy of Redis brought back.

    Args:
        store: Redis.
        counts: user to the number of blocks that the profile has.
        fence: of the owner.
    """
    first_left = await get(store, list(counts.items()))
    for user_id, first in first_left:
        await _delete_user_blocks(store, user_id, first, fence)


async def _delete_user_blocks(store: KeyValueStore, user_id: str, first: int, fence: Fence | None) -> None:
    """Delete a user's blocks from a number on; the last ones first, so that what a crash leaves is contiguous."""
    chunks: list[list[Place]] = []
    for start in count(first, BLOCKS_PER_PROBE):
        found = list(await get(store, [(user_id, number) for number in range(start, start + BLOCKS_PER_PROBE)]))
        if not found:
            break
        chunks.append(found)
    for found in reversed(chunks):
        await store.delete([keys.seen_block(*place) for place in reversed(found)], fence)
