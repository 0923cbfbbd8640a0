"""The read model: users' and videos' state and lists, readable by every worker and handler.

Values are absolute: a write replaces the whole value, so repeating a write changes nothing.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from recomind.model.ids import Partition, all_partitions
from recomind.recommender.index.windowed_top import WindowLists
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity, RankingPopularity
from recomind.state.profile import Profile, ProfileLikes
from recomind.state.seen_blocks import SeenBlock
from recomind.stores import keys, popularity_stream, seen_blocks
from recomind.stores.encoding import check_encoding
from recomind.stores.fencing import Fence
from recomind.stores.key_value import KeyValueStore
from recomind.stores.list_store import ANONYMOUS_USER, PUBLISHING, ListStore
from recomind.stores.stored_lists import NO_VIDEOS
from recomind.stores.weights_store import WeightsStore

Kind = TypeVar("Kind")
ScoredVideos = tuple[tuple[str, float], ...]
"""Video ids with a score each, best first."""

STAGE_REQUESTED: Final = "asked"
STAGE_PROFILE: Final = "person"
STAGE_ARCHIVE: Final = "archive"
STAGE_MERGED_PROFILE: Final = "account"
STAGE_MERGED_ROWS: Final = "account archive"
"""Stages of an erasure besides one per video partition: requested; profile and lists erased; PostgreSQL erased. And of
a merge, by session: its actions are in the profile of the user whom it was merged into; and in their rows."""

_encode = msgspec.msgpack.Encoder().encode
_decode_profile = msgspec.msgpack.Decoder(Profile).decode


class StoredUser(NamedTuple):
    """A user as they are stored."""

    profile: Profile | None
    encoded: bytes | None
    """The profile, msgpack."""
    erasure_offset: bytes | None
    """As `ReadModel.erasure_offset`."""


class ReadModel(ListStore, WeightsStore):
    """Typed reads and writes over a `KeyValueStore`."""

    def __init__(self, store: KeyValueStore) -> None:
        self.store = store
        self.fence: Fence | None = None
        """Fencing token for values that only a partition's owner writes; None outside a consumer group."""
        self.log_id: str | None = None
        """The log that values are made from; None outside a consumer group."""

    async def check_encoding(self) -> None:
        """Stop on values of a newer RecoMind, and on values that were made from another log.

        Raises:
            NewerEncodingError: a newer RecoMind has written the values.
            LogReplacedError: the values were made from another log.
        """
        await check_encoding(self.store, self.log_id)

    async def erasure_offset(self, user_id: str) -> bytes | None:
        """Offset of the user's latest erasure record, in digits; None if there was no erasure in the last 7 days."""
        return (await self.store.get_many([keys.erased_user(user_id)]))[0]

    async def put_erasure_progress(self, completed: Mapping[tuple[str, str], int]) -> None:
        """Store (stage, user id) to the offset of the erasure record that the stage has completed; never lower it."""
        names = [keys.erasure_stage(stage, user_id) for stage, user_id in completed]
        known = await self.store.get_many(names)
        offsets = zip(names, completed.values(), known, strict=True)
        later = {name: b"%d" % offset for name, offset, before in offsets if offset > int(before or b"-1")}
        await self.store.set_many(later, keys.ERASURE_TTL_S)

    async def erasure_progress(self, user_id: str, stages: Sequence[str]) -> dict[str, int]:
        """Stage to the offset of the user's erasure record that it has completed; -1 for none."""
        found = await self.store.get_many([keys.erasure_stage(stage, user_id) for stage in stages])
        return {stage: int(offset or b"-1") for stage, offset in zip(stages, found, strict=True)}

    async def scan_ids(self, prefix: str) -> AsyncIterator[str]:
        """The ids in all keys that begin with a prefix."""
        async for key in self.store.scan_keys(prefix):
            yield key[len(prefix) :]

    async def put_popular_videos(self, videos: bytes) -> None:
        """Store trending videos as JSON; none are not stored, so that readers ask the archive."""
        if videos == NO_VIDEOS:
            await self.store.delete([keys.POPULAR_VIDEOS])
        else:
            await self.store.set_many({keys.POPULAR_VIDEOS: videos}, keys.POPULAR_VIDEOS_TTL_S)
        await self.store.publish(keys.LIST_UPDATES, _encode([ANONYMOUS_USER]))

    async def popular_videos(self) -> bytes | None:
        """Trending videos as JSON; None if they are not stored."""
        return (await self.store.get_many([keys.POPULAR_VIDEOS]))[0]

    async def put_profiles(
        self, profiles: Mapping[str, Profile], blocks: Mapping[seen_blocks.Place, SeenBlock] | None = None
    ) -> None:
        """Store users' profiles; before them, new blocks that they count, and the erasure offsets of erased users."""
        await seen_blocks.put(self.store, blocks or {}, self.fence)
        erased = {user: b"%d" % one.erasure_offset for user, one in profiles.items() if one.erasure_offset >= 0}
        await self._put({keys.erased_user(user): offset for user, offset in erased.items()}, keys.ERASURE_TTL_S)
        blank = [keys.user_state(user) for user, profile in profiles.items() if profile.is_erased]
        values = {
            keys.user_state(user): _encode(profile) for user, profile in profiles.items() if not profile.is_erased
        }
        await self._put(values, keys.USER_STATE_TTL_S)
        await self.store.delete(blank, self.fence)
        await seen_blocks.delete_from(self.store, {user: profiles[user].seen_blocks for user in erased}, self.fence)

    async def stored_user(self, user_id: str) -> StoredUser:
        """A user's profile, and what must still be so when a list that is ranked from it is stored."""
        encoded, erased_at = await self.store.get_many([keys.user_state(user_id), keys.erased_user(user_id)])
        return StoredUser(_decode_profile(encoded) if encoded else None, encoded, erased_at)

    async def profiles(self, user_ids: Sequence[str]) -> dict[str, Profile]:
        """Users' profiles, without users who have none."""
        return await self._read(user_ids, keys.user_state, Profile)

    async def likes(self, user_ids: Sequence[str]) -> dict[str, ProfileLikes]:
        """The likes of users' profiles, without users who have none."""
        return await self._read(user_ids, keys.user_state, ProfileLikes)

    async def put_popularity(self, videos: Mapping[str, Popularity]) -> None:
        """Store videos' popularity, and append it to the popularity stream."""
        await self._put({keys.video_popularity(video): _encode(state) for video, state in videos.items()})
        await popularity_stream.publish(self.store, videos, self.fence)

    async def popularity(self, video_ids: Sequence[str]) -> dict[str, Popularity]:
        """Videos' popularity, without videos that have none."""
        return await self._read(video_ids, keys.video_popularity, Popularity)

    async def ranking_popularity(self, video_ids: Sequence[str]) -> dict[str, RankingPopularity]:
        """The part of videos' popularity that ranking needs, without videos that have none."""
        return await self._read(video_ids, keys.video_popularity, RankingPopularity)

    async def put_neighbours(self, videos: Mapping[str, Neighbours]) -> None:
        """Store videos' neighbours."""
        await self._put({keys.video_neighbours(video): _encode(state) for video, state in videos.items()})

    async def neighbours(self, video_ids: Sequence[str]) -> dict[str, Neighbours]:
        """Videos' neighbours, without videos that have none."""
        return await self._read(video_ids, keys.video_neighbours, Neighbours)

    async def put_windowed_top(self, partition: Partition, lists: Mapping[str, WindowLists]) -> None:
        """Store the most liked videos of a partition by tag and window; delete the key of a tag without any."""
        values = {keys.windowed_top(partition, tag): _encode(lists[tag]) for tag in lists if lists[tag]}
        await self._put(values, keys.WINDOWED_TOP_TTL_S)
        await self.store.delete([keys.windowed_top(partition, tag) for tag in lists if not lists[tag]], self.fence)

    async def windowed_top_of(self, partition: Partition, tags: Sequence[str]) -> dict[str, WindowLists]:
        """The most liked videos of a partition by tag and window, without tags that have none."""
        return await self._read(tags, lambda tag: keys.windowed_top(partition, tag), WindowLists)

    async def windowed_top(self, partitions: int, tag: str, window: str) -> list[tuple[str, float]]:
        """The most liked videos of all partitions with a tag in a window, best first."""
        found = await self.store.get_many(
            [keys.windowed_top(partition, tag) for partition in all_partitions(partitions)]
        )
        lists = [msgspec.msgpack.decode(value, type=WindowLists) for value in found if value]
        return sorted((pair for one in lists for pair in one.get(window, ())), key=lambda pair: (-pair[1], pair[0]))

    async def put_shared_factors(self, partitions: Mapping[Partition, Mapping[str, bytes]]) -> None:
        """Store partition to name to sums of increments (see `recomind.runtime.shared_factors`)."""
        await self._put({keys.shared_factors(one): _encode(sums) for one, sums in partitions.items()})

    async def shared_factors(self, partitions: Sequence[Partition]) -> dict[Partition, dict[str, bytes]]:
        """Partition to name to sums of increments, without partitions that have none."""
        found = await self.store.get_many([keys.shared_factors(one) for one in partitions])
        decode = msgspec.msgpack.Decoder(dict[str, bytes]).decode
        return {one: decode(value) for one, value in zip(partitions, found, strict=True) if value}

    async def put_ease_model(self, version: str, lists: Mapping[str, ScoredVideos]) -> None:
        """Store an EASE model, then serve it by setting one key."""
        values = {keys.ease_neighbours(version, video): _encode(others) for video, others in lists.items()}
        await self.store.set_many(values, keys.EASE_MODEL_TTL_S)
        await self.store.set_many({keys.EASE_MODEL_VERSION: version.encode()})

    async def ease_model_version(self) -> str | None:
        """The version of the EASE model that is served; None if there is none."""
        version = (await self.store.get_many([keys.EASE_MODEL_VERSION]))[0]
        return version.decode() if version else None

    async def ease_neighbours(self, version: str, video_ids: Sequence[str]) -> dict[str, ScoredVideos]:
        """An EASE model's neighbours of videos, without videos that it does not know."""
        return await self._read(video_ids, lambda video: keys.ease_neighbours(version, video), ScoredVideos)

    async def lost_partitions(self, partitions: Sequence[Partition]) -> list[Partition]:
        """The partitions that were not published in full to this run of Redis.

        Redis was flushed or restarted, or the partition was never published. The encoding is checked before.

        Raises:
            NewerEncodingError: a newer RecoMind has written the values.
        """
        await self.check_encoding()
        run_id = await self.store.server_run_id()
        found = await self.store.get_many([keys.epoch(partition) for partition in partitions])
        return [partition for partition, epoch in zip(partitions, found, strict=True) if epoch != run_id]

    async def begin_publishing(self, partition: Partition) -> bytes:
        """Record that all values of a partition are being published, and that its lists may be old.

        Returns:
            The run id, for `finish_publishing`.
        """
        run_id = await self.store.server_run_id()
        await self._put({keys.epoch(partition): PUBLISHING})
        return run_id

    async def finish_publishing(self, partition: Partition, run_id: bytes) -> bool:
        """Record that all values have been published; returns False if Redis was flushed since."""
        return await self.store.replace(keys.epoch(partition), run_id)

    async def _put(self, values: Mapping[str, bytes], ttl: int | None = None) -> None:
        """Store values that only a partition's owner writes."""
        await self.store.set_many(values, ttl, self.fence)

    async def _read(self, ids: Sequence[str], key: Any, kind: type[Kind] | Any) -> dict[str, Kind]:
        decode = msgspec.msgpack.Decoder(kind).decode
        found: Iterable[bytes | None] = await self.store.get_many([key(one) for one in ids])
        return {one: decode(value) for one, value in zip(ids, found, strict=True) if value is not None}
