"""What a worker ranks with: an index near the read model, the blend's weights, and the event time."""

from collections.abc import Callable, Iterable
from hashlib import blake2b
from math import inf
from time import monotonic
from typing import NamedTuple, cast

import msgspec

from recomind.model.catalogue import first_summaries, join_summaries
from recomind.recommender.blend.model import Weights
from recomind.recommender.candidates import tags
from recomind.recommender.candidates.tag_affinity import TagAffinity, tag_affinity_of
from recomind.recommender.control import in_control_group, random_slate
from recomind.recommender.exploration import EXPLORATION_SHARE
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.pipeline import Ranked, rank, slate_of
from recomind.recommender.slate import Slate
from recomind.state.profile import Profile
from recomind.stores.archive import Archive
from recomind.stores.event_clock import EventClock
from recomind.stores.index_loader import IndexLoader
from recomind.stores.popularity_follower import PopularityFollower
from recomind.stores.profile_completer import ProfileCompleter
from recomind.stores.read_model import ReadModel
from recomind.stores.stored_lists import ListMeta, ServedList, StoredList, ids_in, with_places
from recomind.stores.user_follower import UserFollower


class ListedPart(NamedTuple):
    """The part of a stored list that may be shown."""

    served: ServedList
    size: int
    """Videos in it."""
    has_removed: bool
    """Whether the stored list holds others."""


class RankingCache:
    """Ranks by an index, and serialises lists."""

    def __init__(
        self,
        index: VideoIndex,
        event_clock: EventClock,
        loader: IndexLoader,
        completer: ProfileCompleter,
        users: UserFollower,
    ) -> None:
        self.index = index
        self.loader = loader
        """Fills the index; its `load` comes before `rank`."""
        self.completer = completer
        """Completes the profiles that `rank` gets, so that lists leave out all videos that users have acted on."""
        self.users = users
        """The metadata of users."""
        self.exploration = EXPLORATION_SHARE
        """Share of places that are drawn for new uploads."""
        self.control_share = 0.0
        """Share of the users who get random lists, see `recommender.control`."""
        self.weights = Weights()
        """The blend's weights: learned here and, at each merge, by the other workers."""
        self._event_clock = event_clock
        self._list_of_new_users: tuple[float, StoredList] | None = None
        """When it is out of date (`monotonic`), and the list."""

    @classmethod
    def create(
        cls,
        read_model: ReadModel,
        archive: Archive,
        *,
        partitions: int,
        ttl: float,
        clock: Callable[[], float] = monotonic,
        present: Callable[[], float] = lambda: inf,
    ) -> "RankingCache":
        """An empty cache over the stores.

        Args:
            read_model: where state of users and videos is read.
            archive: where the catalogue is read.
            partitions: how many partitions each topic has.
            ttl: seconds after which data that is not followed is read again.
            clock: seconds.
            present: the time of the log, epoch seconds: event time does not pass it.
        """
        index, event_clock = VideoIndex(), EventClock(present)
        popularity = PopularityFollower(index, event_clock, read_model, ttl=ttl, clock=clock)
        loader = IndexLoader(index, popularity, read_model, archive, partitions=partitions, ttl=ttl, clock=clock)
        return cls(index, event_clock, loader, ProfileCompleter(read_model, archive), UserFollower(archive))

    @property
    def now(self) -> float:
        """The latest event time seen, epoch seconds."""
        return self._event_clock.now

    def advance_time(self, event_time: float) -> None:
        """Move on to an event time; an earlier one changes nothing."""
        self._event_clock.advance(event_time)

    def list_for(self, profile: Profile, n: int) -> StoredList:
        """Rank for a user, whose profile is complete, and serialise the best `n`."""
        return self.serialise(self.rank(profile), n)

    def is_control(self, user_id: str) -> bool:
        """Whether a user belongs to the control group."""
        return in_control_group(user_id, self.control_share)

    def control_list(self, user_id: str, profile: Profile, n: int) -> StoredList:
        """A random list for a user of the control group, whose profile is complete."""
        slate = random_slate(self.index, user_id, profile, self.now, self.weights.version, n)
        return self._stored(slate, profile, tag_affinity_of(profile, self.index), is_control=True)

    @property
    def has_list_of_new_users(self) -> bool:
        """Whether the list of users who have never acted is up to date."""
        return self._list_of_new_users is not None and monotonic() < self._list_of_new_users[0]

    def list_of_new_users(self, n: int, ttl: float) -> StoredList:
        """The list of users who have never acted: the same for all of them, and ranked once in `ttl` seconds."""
        cached = self._list_of_new_users
        if cached is None or monotonic() >= cached[0]:
            made = self.serialise(self.rank(Profile()), n, seed=int(self.now))  # no action changes the draws
            cached = self._list_of_new_users = monotonic() + ttl, made
        return cached[1]

    def forget_list_of_new_users(self) -> None:
        """Have the list of users who have never acted ranked again: the catalogue has changed."""
        self._list_of_new_users = None

    def rank(self, profile: Profile) -> Ranked:
        """The ranked candidates for a user, whose profile is complete."""
        return rank(profile, self.index, self.now)

    def serialise(self, ranked: Ranked, n: int, seed: int | None = None) -> StoredList:
        """The best `n` of ranked candidates as a list to store; `seed` is that of the draws, see `slate_of`."""
        slate = slate_of(ranked, self.index, self.weights, n, exploration=self.exploration, seed=seed)
        return self._stored(slate, ranked.profile, ranked.tag_affinity)

    def _stored(self, slate: Slate, profile: Profile, affinity: TagAffinity, *, is_control: bool = False) -> StoredList:
        top_tags = [tag for tag, _ in tags.top_tags_by_affinity(affinity, self.index)]
        sources = {pick.video_id: pick.sources for pick in slate.picks}
        video_ids = tuple(sources)
        videos = self.summaries_json(video_ids)
        list_id = blake2b(videos + slate.shown, digest_size=8).hexdigest()
        meta = ListMeta(
            as_of=slate.as_of,
            applied_offsets=profile.applied_offsets,
            version=slate.version,
            sources=sources,
            list_id=list_id,
            video_ids=video_ids,
            shown=slate.shown,
            place_sources=slate.place_sources,
            is_control=is_control,
        )
        return StoredList(videos, msgspec.json.encode(top_tags), meta)

    def listed_part(self, served: ServedList, n: int | None = None) -> ListedPart:
        """A stored list as it may be shown now: without videos that were taken down, the others as they are now.

        Args:
            served: the list.
            n: how many videos are wanted; None for all. The meta is of all.
        """
        ids = served.shown_meta.video_ids or ids_in(served.videos)
        if not self.loader.catalogue.has_catalogue:
            return ListedPart(served.with_videos(_first(served.videos, n)), len(ids), has_removed=False)
        summaries = list(map(self.index.summaries.get, ids))
        if all(summaries):
            videos = join_summaries(cast("list[bytes]", summaries[:n]))
            return ListedPart(served.with_videos(videos), len(ids), has_removed=False)
        places = [place for place, summary in enumerate(summaries) if summary is not None]
        videos = join_summaries(filter(None, summaries))
        part = with_places(served, videos, places)
        return ListedPart(part.with_videos(_first(videos, n)), len(places), has_removed=True)

    def is_listed(self, videos: bytes) -> bool:
        """Whether all videos of a JSON array may be shown; False for what is no such array."""
        catalogue = self.loader.catalogue
        try:
            return not catalogue.has_catalogue or catalogue.is_listed(ids_in(videos))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False

    def trending_json(self, n: int) -> bytes:
        """The `n` trending videos as a JSON array of summaries."""
        rows = self.index.top_lists.popular(n).tolist()
        return join_summaries(self.index.summaries[self.index.ids[row]] for row in rows)

    def summaries_json(self, video_ids: Iterable[str]) -> bytes:
        """A JSON array of the summaries of videos, without those that are not in the catalogue."""
        return join_summaries(filter(None, map(self.index.summaries.get, video_ids)))


def _first(videos: bytes, n: int | None) -> bytes:
    """The first `n` videos of a JSON array; all for None."""
    return videos if n is None else first_summaries(videos, n)
