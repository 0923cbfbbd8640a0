"""The read model: what any worker and any handler may read of any person or video.

Values are absolute and overwritten, never incremented, so writing one twice is harmless. Its home is `Values`:
Redis, or memory in tests.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final, TypeVar

import msgspec

from recomind.model.applied_offsets import Origins
from recomind.recommender.blend.model import Weights
from recomind.recommender.index.windowed_top import Lists
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Figures, Popularity
from recomind.state.profile import Likes, Profile
from recomind.stores import keys, popularity_stream
from recomind.stores.fencing import Fence
from recomind.stores.key_value import Lasting, Values
from recomind.stores.stored_lists import Counted, Listed, Stored, values_of

Kind = TypeVar("Kind")
Scored = tuple[tuple[str, float], ...]
"""Video ids with a score each, best first."""

EVERYBODY: Final = ""
"""In the place of a person: those who are not logged in, whose list is trending."""

PUBLISHING: Final = b"publishing"
"""The epoch of a partition whose values are being published."""

ASKED: Final = "asked"
PERSON: Final = "person"
ARCHIVE: Final = "archive"
"""Parts of forgetting, beside the partitions of videos: that it was asked for, profile and lists, PostgreSQL."""

_encode = msgspec.msgpack.Encoder().encode


class ReadModel:
    """Typed reads and writes over `Values`."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.fence: Fence | None = None
        """For what only the owner of a partition writes; None outside of the group."""

    async def put_lists(self, lists: Mapping[str, Stored]) -> None:
        """Store people's lists, with their top tags and meta."""
        if not lists:
            return
        values: dict[str, Lasting] = {}
        for user_id, stored in lists.items():
            values.update({key: (value, keys.RECOMMENDATIONS_TTL) for key, value in values_of(user_id, stored).items()})
            values[keys.user_profile(user_id)] = stored.top_tags, keys.USER_PROFILE_TTL
        await self.values.set_and_tell(values, (keys.LISTS_WRITTEN, _encode(list(lists))), self.fence)

    async def offer_list(self, user_id: str, stored: Stored, forgotten_at: bytes | None) -> None:
        """Store the list of somebody who has none: one that came meanwhile is newer, and stays.

        Nothing is stored if she was forgotten after `forgotten_at` was read.
        """
        guard = keys.forgotten(user_id), forgotten_at
        if await self.values.set_new(values_of(user_id, stored), keys.RECOMMENDATIONS_TTL, guard):
            tags = {keys.user_profile(user_id): stored.top_tags}
            await self.values.set_new(tags, keys.USER_PROFILE_TTL, guard)
            await self.values.publish(keys.LISTS_WRITTEN, _encode([user_id]))

    async def drop_lists(self, user_ids: Sequence[str]) -> None:
        """Remove people's lists and top tags; whoever reads one has it ranked anew."""
        if user_ids:
            kinds = (keys.recommendations, keys.recommendations_meta, keys.user_profile)
            await self.values.delete([key(user_id) for user_id in user_ids for key in kinds], self.fence)
            await self.values.publish(keys.LISTS_WRITTEN, _encode(list(user_ids)))

    async def forgotten_at(self, user_id: str) -> bytes | None:
        """Where the person was lately forgotten: an offset, in digits; None where she was not."""
        return (await self.values.get_many([keys.forgotten(user_id)]))[0]

    async def put_forgetting(self, done: Mapping[tuple[str, str], int]) -> None:
        """Note which (part of the system, person) are through, up to which control record's offset."""
        names = [keys.forgetting(part, user_id) for part, user_id in done]
        known = await self.values.get_many(names)
        wanted = zip(names, done.values(), known, strict=True)
        later = {name: b"%d" % at for name, at, before in wanted if at > int(before or b"-1")}
        await self.values.set_many(later, keys.FORGOTTEN_TTL)

    async def forgetting(self, user_id: str, parts: Sequence[str]) -> dict[str, int]:
        """Part of the system to the control record's offset up to which it has forgotten the person; -1 for none."""
        found = await self.values.get_many([keys.forgetting(part, user_id) for part in parts])
        return {part: int(at or b"-1") for part, at in zip(parts, found, strict=True)}

    async def written(self) -> AsyncGenerator[list[str], None]:
        """Whose lists have been written, from now on; first of all nobody's, once listening has begun."""
        async with aclosing(self.values.listen(keys.LISTS_WRITTEN)) as messages:
            async for message in messages:
                yield msgspec.msgpack.decode(message, type=list[str]) if message else []

    async def list_of(self, user_id: str) -> Listed | None:
        """A person's list; None when the cache is cold."""
        asked = [keys.recommendations(user_id), keys.recommendations_meta(user_id)]
        videos, meta = await self.values.get_many(asked)
        return None if videos is None or meta is None else Listed(videos, meta)

    async def counted(self, user_ids: Sequence[str]) -> dict[str, Origins]:
        """What the lists of those people count who have one."""
        metas: dict[str, Counted] = await self._read(user_ids, keys.recommendations_meta, Counted)
        return {user_id: meta.origins for user_id, meta in metas.items()}

    async def put_marks(self, marks: Mapping[int, Origins]) -> None:
        """Store partitions' marks: which actions are in lists (see `recomind.runtime.refresh_queue`)."""
        await self._put({keys.lists_mark(partition): _encode(mark) for partition, mark in marks.items()})

    async def mark(self, partition: int) -> Origins | None:
        """A partition's mark; None where it was never stored, or Redis has lost it."""
        found = (await self.values.get_many([keys.lists_mark(partition)]))[0]
        return None if found is None else msgspec.msgpack.decode(found, type=Origins)

    async def counts(self, user_id: str, partition: int, offset: int) -> bool:
        """Whether the person has a list, and it counts the actions up to an offset of her partition."""
        asked = [keys.recommendations_meta(user_id), keys.lists_mark(partition), keys.epoch(partition)]
        meta, mark, epoch = await self.values.get_many(asked)
        if meta is None:
            return False
        if msgspec.msgpack.decode(meta, type=Counted).origins.get(partition, -1) >= offset:
            return True
        if mark is None or epoch == PUBLISHING:  # then lists may be older than the mark says
            return False
        return msgspec.msgpack.decode(mark, type=Origins).get(partition, 0) > offset

    async def lists_of(self, user_ids: Sequence[str]) -> dict[str, bytes]:
        """The stored lists of those people who have one, as JSON."""
        found = await self.values.get_many([keys.recommendations(user) for user in user_ids])
        return {user: videos for user, videos in zip(user_ids, found, strict=True) if videos is not None}

    async def ids_under(self, prefix: str) -> AsyncIterator[str]:
        """The ids of all keys that begin with a prefix."""
        async for key in self.values.keys_under(prefix):
            yield key[len(prefix) :]

    async def put_popular(self, videos: bytes) -> None:
        """Store trending as JSON."""
        await self.values.set_many({keys.POPULAR_VIDEOS: videos}, keys.POPULAR_TTL)
        await self.values.publish(keys.LISTS_WRITTEN, _encode([EVERYBODY]))

    async def popular(self) -> bytes | None:
        """Trending as JSON; None when the cache is cold."""
        return (await self.values.get_many([keys.POPULAR_VIDEOS]))[0]

    async def put_profiles(self, profiles: Mapping[str, Profile]) -> None:
        """Store people's profiles; of those who were forgotten, first of all that they were."""
        marks = {keys.forgotten(one): b"%d" % it.forgotten_at for one, it in profiles.items() if it.forgotten_at >= 0}
        await self._put(marks, keys.FORGOTTEN_TTL)
        blank = [keys.user_state(user) for user, profile in profiles.items() if profile.is_blank]
        values = {keys.user_state(user): _encode(profile) for user, profile in profiles.items() if not profile.is_blank}
        await self._put(values, keys.USER_STATE_TTL)
        await self.values.delete(blank, self.fence)

    async def profiles(self, user_ids: Sequence[str]) -> dict[str, Profile]:
        """The profiles of those people who have one here."""
        return await self._read(user_ids, keys.user_state, Profile)

    async def likes(self, user_ids: Sequence[str]) -> dict[str, Likes]:
        """The latest likes of those people who have a profile here."""
        return await self._read(user_ids, keys.user_state, Likes)

    async def put_popularity(self, videos: Mapping[str, Popularity]) -> None:
        """Store videos' popularity; whoever has read one of them hears of it by the feed."""
        await self._put({keys.video_popularity(video): _encode(state) for video, state in videos.items()})
        await popularity_stream.tell(self.values, videos, self.fence)

    async def popularity(self, video_ids: Sequence[str]) -> dict[str, Popularity]:
        """The popularity of those videos that have any."""
        return await self._read(video_ids, keys.video_popularity, Popularity)

    async def figures(self, video_ids: Sequence[str]) -> dict[str, Figures]:
        """What ranking reads of those videos that have any popularity."""
        return await self._read(video_ids, keys.video_popularity, Figures)

    async def put_neighbours(self, videos: Mapping[str, Neighbours]) -> None:
        """Store videos' company."""
        await self._put({keys.video_neighbours(video): _encode(state) for video, state in videos.items()})

    async def neighbours(self, video_ids: Sequence[str]) -> dict[str, Neighbours]:
        """The company of those videos that have any."""
        return await self._read(video_ids, keys.video_neighbours, Neighbours)

    async def put_trending(self, partition: int, videos: Scored) -> None:
        """Store a partition's most popular videos."""
        await self._put({keys.trending(partition): _encode(videos)})

    async def put_forward(self, partition: int) -> Scored | None:
        """A partition's most popular videos; None where it has not stored any."""
        value = (await self.values.get_many([keys.trending(partition)]))[0]
        return None if value is None else msgspec.msgpack.decode(value, type=Scored)

    async def trending(self, partitions: int) -> list[tuple[str, float]]:
        """The most popular videos of all partitions, best first."""
        found = await self.values.get_many([keys.trending(partition) for partition in range(partitions)])
        merged = [pair for partial in found if partial for pair in msgspec.msgpack.decode(partial, type=Scored)]
        return sorted(merged, key=lambda pair: (-pair[1], pair[0]))

    async def put_leaders(self, partition: int, lists: Mapping[str, Lists]) -> None:
        """Store a partition's most popular videos by tag and window."""
        values = {keys.leaders(partition, tag): _encode(by_window) for tag, by_window in lists.items()}
        await self._put(values, keys.LEADERS_TTL)

    async def leaders(self, partitions: int, tag: str, window: str) -> list[tuple[str, float]]:
        """The most popular videos of all partitions in a window, by the order in which they lead."""
        found = await self.values.get_many([keys.leaders(partition, tag) for partition in range(partitions)])
        lists = [msgspec.msgpack.decode(value, type=Lists) for value in found if value]
        return sorted((pair for one in lists for pair in one.get(window, ())), key=lambda pair: (-pair[1], pair[0]))

    async def put_weights(self, partition: int, weights: Weights) -> None:
        """Store what a worker has learned."""
        await self.values.set_many({keys.blend_weights(partition): _encode(weights)})

    async def weights(self, partitions: int) -> list[Weights]:
        """What all workers have learned."""
        found = await self.values.get_many([keys.blend_weights(partition) for partition in range(partitions)])
        return [msgspec.msgpack.decode(value, type=Weights) for value in found if value]

    async def put_model(self, version: str, lists: Mapping[str, Scored]) -> None:
        """Store a retrained model, then serve it: one key switches over."""
        values = {keys.model(version, video): _encode(others) for video, others in lists.items()}
        await self.values.set_many(values, keys.MODEL_TTL)
        await self.values.set_many({keys.MODEL_VERSION: version.encode()})

    async def model_version(self) -> str | None:
        """The version that is served."""
        version = (await self.values.get_many([keys.MODEL_VERSION]))[0]
        return version.decode() if version else None

    async def model(self, version: str, video_ids: Sequence[str]) -> dict[str, Scored]:
        """The model's neighbours of those videos that it knows."""
        return await self._read(video_ids, lambda video: keys.model(version, video), Scored)

    async def lost(self, partitions: Sequence[int]) -> list[int]:
        """The partitions whose values Redis may not have: it was emptied or restarted, or they were never published."""
        run = await self.values.run()
        found = await self.values.get_many([keys.epoch(partition) for partition in partitions])
        return [partition for partition, epoch in zip(partitions, found, strict=True) if epoch != run]

    async def begin_publishing(self, partition: int) -> bytes:
        """Say that all values of a partition are about to be published, and that its lists may be old.

        Returns:
            What `mark_published` wants in the end.
        """
        run = await self.values.run()
        await self._put({keys.epoch(partition): PUBLISHING})
        return run

    async def mark_published(self, partition: int, run: bytes) -> bool:
        """Say that all values have been published, unless Redis has been emptied since; whether it has not."""
        return await self.values.replace(keys.epoch(partition), run)

    async def _put(self, values: Mapping[str, bytes], ttl: int | None = None) -> None:
        """Store what is the business of a partition's owner alone."""
        await self.values.set_many(values, ttl, self.fence)

    async def _read(self, ids: Sequence[str], key: Any, kind: type[Kind] | Any) -> dict[str, Kind]:
        decode = msgspec.msgpack.Decoder(kind).decode
        found: Iterable[bytes | None] = await self.values.get_many([key(one) for one in ids])
        return {one: decode(value) for one, value in zip(ids, found, strict=True) if value is not None}
