"""Users' lists in the read model, and the watermarks that say which actions they count.

A stored list never outlives the profile that it was ranked from: whoever changes a profile replaces the user's list or
drops it, and a request stores the list that it has ranked only if the profile is still the same.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Final, NamedTuple

import msgspec

from recomind.model.applied_offsets import AppliedOffsets, Watermark
from recomind.model.ids import Partition
from recomind.stores import keys
from recomind.stores.fencing import Fence
from recomind.stores.key_value import KeyValueStore, ValueWithTtl
from recomind.stores.stored_lists import ListOrigins, ServedList, StoredList, encode_list

ANONYMOUS_USER: Final = ""
"""The user id that stands for users who are not logged in; their list is trending."""

PUBLISHING: Final = b"publishing"
"""The epoch of a partition while all its values are being published."""


class ProfileOffsets(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The applied offsets of an encoded `Profile` alone."""

    applied_offsets: AppliedOffsets


class CountedList(NamedTuple):
    """A user's list, with an answer about it."""

    is_counted: bool
    """Whether it includes certain actions."""
    served: ServedList | None
    """None: it is to be ranked from the stored profile."""


_encode = msgspec.msgpack.Encoder().encode
_decode_origins = msgspec.msgpack.Decoder(ListOrigins).decode
_decode_offsets = msgspec.msgpack.Decoder(ProfileOffsets).decode
_decode_watermark = msgspec.msgpack.Decoder(Watermark).decode
_decode_ids = msgspec.msgpack.Decoder(list[str]).decode


class ListStore:
    """Reads and writes lists; part of the read model."""

    store: KeyValueStore
    fence: Fence | None

    async def put_lists(self, lists: Mapping[str, StoredList]) -> None:
        """Store users' lists with their top tags and meta, and publish the ids of these users.

        A list that has become empty is deleted; its meta is stored.
        """
        if not lists:
            return
        empty = [keys.recommendations(user_id) for user_id, stored in lists.items() if stored.is_empty]
        if empty:
            await self.store.delete(empty, self.fence)
        values: dict[str, ValueWithTtl] = {}
        for user_id, stored in lists.items():
            values |= _values(user_id, stored)
        await self.store.set_and_publish(values, (keys.LIST_UPDATES, _encode(list(lists))), self.fence)

    async def put_list_if_absent(
        self, user_id: str, stored: StoredList, profile: bytes | None, erasure_offset: bytes | None
    ) -> None:
        """Store the list of a user who has none; a list that was stored meanwhile stays.

        Args:
            user_id: the user.
            stored: the list; an empty one is not stored.
            profile: the user's profile that it was ranked from, as it was stored; None if it was not. If it is another
                one by now, nothing is stored.
            erasure_offset: what `erasure_offset` returned before; the same.
        """
        if stored.is_empty:
            return
        preconditions = {keys.user_state(user_id): profile, keys.erased_user(user_id): erasure_offset}
        message = keys.LIST_UPDATES, _encode([user_id])
        await self.store.set_if_absent_and_publish(_values(user_id, stored), message, preconditions)

    async def drop_lists(self, user_ids: Sequence[str]) -> None:
        """Delete users' outdated lists, and publish the ids of these users: the next request for one ranks it."""
        if user_ids:
            kinds = (keys.recommendations, keys.recommendations_meta)
            await self.store.delete([key(user_id) for user_id in user_ids for key in kinds], self.fence)
            await self.store.publish(keys.LIST_UPDATES, _encode(list(user_ids)))

    async def put_top_tags(self, tags: Mapping[str, bytes]) -> None:
        """Store users' top tags, JSON arrays."""
        values = {keys.user_profile(user_id): encoded for user_id, encoded in tags.items()}
        await self.store.set_many(values, keys.USER_PROFILE_TTL_S, self.fence)

    async def delete_lists(self, user_ids: Sequence[str]) -> None:
        """Delete erased users' lists and top tags, and publish the ids of these users."""
        if user_ids:
            await self.store.delete([keys.user_profile(user_id) for user_id in user_ids], self.fence)
            await self.drop_lists(user_ids)

    async def list_updates(self) -> AsyncGenerator[list[str], None]:
        """Yield ids of updated lists; an empty first item signals "subscribed"."""
        async with aclosing(self.store.subscribe(keys.LIST_UPDATES)) as messages:
            async for message in messages:
                yield _decode_ids(message) if message else []

    async def list_of(self, user_id: str) -> ServedList | None:
        """A user's list; None if it is not stored."""
        videos, meta = await self.store.get_many([keys.recommendations(user_id), keys.recommendations_meta(user_id)])
        return None if videos is None or meta is None else ServedList(videos, meta)

    async def list_offsets(self, user_ids: Sequence[str]) -> dict[str, AppliedOffsets]:
        """The applied offsets of users' lists, without users who have no list."""
        found = await self.store.get_many([keys.recommendations_meta(user_id) for user_id in user_ids])
        metas = zip(user_ids, found, strict=True)
        return {user_id: _decode_origins(meta).applied_offsets for user_id, meta in metas if meta is not None}

    async def lists_of(self, user_ids: Sequence[str]) -> dict[str, bytes]:
        """Users' lists as JSON, without users who have none."""
        found = await self.store.get_many([keys.recommendations(user) for user in user_ids])
        return {user: videos for user, videos in zip(user_ids, found, strict=True) if videos is not None}

    async def put_watermarks(
        self, listed: Mapping[Partition, Watermark], current: Mapping[Partition, Watermark]
    ) -> None:
        """Store partitions' low watermarks: which actions are in lists (see `recomind.runtime.refresh_queue`).

        Args:
            listed: by partition, the offsets below which all actions are in lists that were made.
            current: by partition, the offsets below which no stored list lacks an action.
        """
        values = {keys.lists_watermark(one): _encode(watermark) for one, watermark in listed.items()}
        values |= {keys.current_watermark(one): _encode(watermark) for one, watermark in current.items()}
        await self.store.set_many(values, None, self.fence)

    async def watermark(self, partition: Partition) -> Watermark | None:
        """A partition's watermark `listed`; None if it was never stored, or Redis has lost it."""
        found = (await self.store.get_many([keys.lists_watermark(partition)]))[0]
        return None if found is None else _decode_watermark(found)

    async def current_watermark(self, partition: Partition) -> Watermark | None:
        """A partition's watermark `current`, or that of an older worker; None if Redis has neither."""
        names = [keys.current_watermark(partition), keys.lists_watermark(partition)]
        current, listed = await self.store.get_many(names)
        found = current or listed
        return None if found is None else _decode_watermark(found)

    async def list_including(self, user_id: str, partition: Partition, offset: int) -> CountedList:
        """The user's list, and whether it includes their partition's actions up to an offset.

        Where no list is stored, it is the one that is ranked from the stored profile. All is read in one step: between
        two, the worker that owns the user may store a list that it has ranked from an earlier profile.
        """
        names = [keys.recommendations(user_id), keys.recommendations_meta(user_id), keys.user_state(user_id)]
        names += [keys.current_watermark(partition), keys.epoch(partition)]
        videos, meta, profile, watermark, epoch = await self.store.get_many(names)
        served = None if videos is None or meta is None else ServedList(videos, meta)
        counted = _decode_origins(meta) if meta else _decode_offsets(profile) if profile else None
        if counted is not None and counted.applied_offsets.get(partition, -1) >= offset:
            return CountedList(True, served)
        if watermark is None or epoch == PUBLISHING:  # then lists may be older than the watermark
            return CountedList(False, served)
        return CountedList(_decode_watermark(watermark).get(partition, 0) > offset, served)


def _values(user_id: str, stored: StoredList) -> dict[str, ValueWithTtl]:
    """Redis keys of a user's list, its meta and the top tags, to value and TTL; the videos first."""
    lists = encode_list(user_id, stored).items()
    values: dict[str, ValueWithTtl] = {key: (value, keys.RECOMMENDATIONS_TTL_S) for key, value in lists}
    values[keys.user_profile(user_id)] = stored.top_tags, keys.USER_PROFILE_TTL_S
    return values
