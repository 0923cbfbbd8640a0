"""What a worker ranks with: an index near the read model, the blend's weights, and the event time."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from math import inf
from time import monotonic, time
from typing import NamedTuple, cast

import msgspec

from recomind.model.catalogue import first_summaries, join_summaries
from recomind.model.local_context import NO_LOCAL_CONTEXT
from recomind.recommender.blend.model import Weights
from recomind.recommender.candidates import tags
from recomind.recommender.candidates.tag_affinity import TagAffinity, tag_affinity_of
from recomind.recommender.control import random_slate
from recomind.recommender.exploration import EXPLORATION_SHARE, seed_of
from recomind.recommender.extensions.participation import eligibility_with_filters
from recomind.recommender.extensions.registry import Extensions
from recomind.recommender.index.top_lists import POPULAR_LIST_LENGTH
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.pipeline import rank, slate_of
from recomind.recommender.policy.local_lists import is_current, known_local, list_key, local_of_key, local_to_rank
from recomind.recommender.policy.policy import ANYBODY, ListRequest, Policy
from recomind.recommender.policy.rule_book import RuleBook
from recomind.recommender.ranked import Ranked
from recomind.recommender.slate import Slate
from recomind.state.profile import Profile
from recomind.state.served_lists import Place
from recomind.stores.archive import Archive
from recomind.stores.arm_weights import ArmWeights, name_of
from recomind.stores.event_clock import EventClock
from recomind.stores.index_loader import IndexLoader
from recomind.stores.interleaved import interleaved
from recomind.stores.list_meta import meta_of
from recomind.stores.list_policies import ListPolicies
from recomind.stores.new_user_lists import NewUserLists
from recomind.stores.popularity_follower import PopularityFollower
from recomind.stores.profile_completer import ProfileCompleter
from recomind.stores.read_model import ReadModel
from recomind.stores.rule_counts import RuleCounts
from recomind.stores.stored_lists import ServedList, StoredList, ids_in, with_places
from recomind.stores.user_follower import UserFollower


class ListedPart(NamedTuple):
    """The part of a stored list that may be shown."""

    served: ServedList
    size: int
    """Videos in it."""
    has_removed: bool
    """Whether the stored list holds others."""


class RankingCache(ListPolicies):
    """Ranks by an index, and serialises lists."""

    def __init__(
        self,
        index: VideoIndex,
        event_clock: EventClock,
        loader: IndexLoader,
        completer: ProfileCompleter,
        users: UserFollower,
    ) -> None:
        super().__init__(RuleBook(index), users)
        self.index = index
        self.loader = loader
        """Fills the index; its `load` comes before `rank`."""
        self.completer = completer
        """Completes the profiles that `rank` gets, so that lists leave out all videos that users have acted on."""
        self.exploration = EXPLORATION_SHARE
        """Share of places that are drawn for new uploads."""
        self.extensions = Extensions(monotonic)
        """Rankers, and what else takes part in ranking."""
        self.weights = Weights()
        """The blend's weights: learned here and, at each merge, by the other workers."""
        self.rule_counts = RuleCounts()
        """What rules did in lists that were ranked here."""
        self.new_user_lists = NewUserLists()
        """Lists of users who have never acted."""
        for book in (self.rules, self.experiments):
            book.listeners.append(self.new_user_lists.clear)
        self.arm_weights = ArmWeights()
        """The weights of arms that learn their own."""
        self._event_clock = event_clock

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

    def local_of(self, asked: ListRequest, profile: Profile) -> str:
        """The local context for which a list is ranked now, see `local_lists`."""
        if not self.uses_context(asked):
            return NO_LOCAL_CONTEXT
        country = self.users.metadata_of(asked.user_id).country
        return local_to_rank(asked, profile, country, self.now, self.index)

    def is_current(self, key: str, asked: ListRequest) -> bool:
        """Whether a stored list with a key suits a request; random lists of the control group have no local context."""
        if not self.has_context and local_of_key(key):  # it was ranked before the settings said so
            return False
        has_local = self.uses_context(asked) and not self.is_control(asked.user_id)
        local = known_local(asked.local, self.index) if has_local else NO_LOCAL_CONTEXT
        return is_current(key, self.policy_key(asked.user_id), local)

    def suits(self, served: ServedList, asked: ListRequest) -> bool:
        """Whether a stored list is current, and was ranked when every video was known that has returned since."""
        returned = self.index.returned
        has_all = not returned or set(returned) <= set(served.shown_meta.returned)
        return has_all and self.is_current(served.shown_meta.policy_key, asked)

    def list_for(
        self, profile: Profile, n: int, policy: Policy | None = None, local: str = NO_LOCAL_CONTEXT
    ) -> StoredList:
        """Rank for a user, whose profile is complete, in a local context, and serialise the best `n`."""
        return self.serialise(self.rank(profile, policy, local), n)

    def control_list(self, user_id: str, profile: Profile, n: int, policy: Policy | None = None) -> StoredList:
        """A random list for a user of the control group, whose profile is complete; only filters count."""
        eligibility = eligibility_with_filters(self.extensions, profile, self.index, self.now, policy)
        eligible = None if eligibility is None else eligibility.of
        slate = random_slate(self.index, user_id, profile, self.now, self.weights.version, n, eligible)
        affinity = tag_affinity_of(profile, self.index)
        return self._stored(slate, profile, affinity, policy, is_control=True, returned=self.index.returned)

    def list_of_new_users(
        self, n: int, ttl: float, policy: Policy | None = None, local: str = NO_LOCAL_CONTEXT
    ) -> StoredList:
        """The list of users who have never acted: ranked once in `ttl` seconds for all with this policy and context."""
        key = list_key("" if policy is None else policy.key, local)
        found = self.new_user_lists.get(key)
        if found is None:
            ranked = self.rank(Profile(), policy, local)
            found = self.serialise(ranked, n, seed=int(self.now))  # no action changes the draws
            self.new_user_lists.put(key, found, ttl)
        return found

    def rank(self, profile: Profile, policy: Policy | None = None, local: str = NO_LOCAL_CONTEXT) -> Ranked:
        """The ranked candidates for a user, whose profile is complete, in a local context."""
        return rank(profile, self.index, self.now, policy, self.extensions, local)

    def serialise(self, ranked: Ranked, n: int, seed: int | None = None) -> StoredList:
        """The best `n` of ranked candidates as a list to store; `seed` is that of the draws, see `slate_of`."""
        slate, teams = self._slate(ranked, n, seed)
        if slate.effects is not None:
            self.rule_counts.add(slate.effects, time())
        made_for = ranked.profile, ranked.tag_affinity, ranked.policy, ranked.local
        return self._stored(slate, *made_for, teams=teams, returned=ranked.returned)

    def weights_of(self, policy: Policy | None) -> Weights:
        """The weights with which lists of a policy are ranked."""
        return self.weights if policy is None else self.arm_weights.of(policy.weights, self.weights)

    def learning_from(self, user_id: str, place: Place | None) -> AbstractContextManager[None]:
        """Have `weights` be those that an action teaches: of an arm that has its own, see `arms_taught`, or of all."""
        name = name_of(self.arms_taught(user_id, place))
        return self.arm_weights.in_place_of(self, name) if name else nullcontext()

    def _slate(self, ranked: Ranked, n: int, seed: int | None) -> tuple[Slate, bytes]:
        """The best `n` of ranked candidates, and the teams of places if the list is interleaved with another one."""
        policy, weights = ranked.policy, self.weights_of(ranked.policy)
        slate = slate_of(ranked, self.index, weights, n, exploration=self.exploration, seed=seed)
        if policy is None or policy.rival is None:
            return slate, b""
        rival = rank(ranked.profile, self.index, ranked.now, policy.rival, self.extensions, ranked.local)
        other = slate_of(rival, self.index, weights, n, exploration=self.exploration, seed=seed)
        return interleaved(slate, other, n, policy.draft_seed ^ seed_of(ranked.profile))

    def preview(self, profile: Profile, n: int, policy: Policy | None, local: str = NO_LOCAL_CONTEXT) -> bytes:
        """The best `n` for a user under a policy as a JSON array of summaries; what rules did is not counted."""
        slate, _ = self._slate(self.rank(profile, policy, local), n, None)
        return self.summaries_json(pick.video_id for pick in slate.picks)

    def _stored(
        self,
        slate: Slate,
        profile: Profile,
        affinity: TagAffinity,
        policy: Policy | None,
        local: str = NO_LOCAL_CONTEXT,
        *,
        is_control: bool = False,
        teams: bytes = b"",
        returned: tuple[int, ...],
    ) -> StoredList:
        top_tags = [tag for tag, _ in tags.top_tags_by_affinity(affinity, self.index)]
        videos = self.summaries_json(pick.video_id for pick in slate.picks)
        offsets = profile.applied_offsets
        meta = meta_of(slate, videos, offsets, policy, local, is_control=is_control, teams=teams, returned=returned)
        return StoredList(videos, msgspec.json.encode(top_tags), meta)

    def listed_part(self, served: ServedList, n: int | None = None, asked: ListRequest | None = None) -> ListedPart:
        """A stored list as it may be shown now: without videos that were taken down, the others as they are now.

        Args:
            served: the list.
            n: how many videos are wanted; None for all. The meta is of all.
            asked: for whom and what, whose policy excludes videos, too; None for no policy.
        """
        ids = served.shown_meta.video_ids or ids_in(served.videos)
        if not self.loader.catalogue.has_catalogue:
            return ListedPart(served.with_videos(_first(served.videos, n)), len(ids), has_removed=False)
        summaries = self._permitted(ids, asked)
        if all(summaries):
            videos = join_summaries(cast("list[bytes]", summaries[:n]))
            return ListedPart(served.with_videos(videos), len(ids), has_removed=False)
        places = [place for place, summary in enumerate(summaries) if summary is not None]
        videos = join_summaries(filter(None, summaries))
        part = with_places(served, videos, places)
        return ListedPart(part.with_videos(_first(videos, n)), len(places), has_removed=True)

    def permitted(self, video_ids: Sequence[str], asked: ListRequest) -> list[str]:
        """The videos that a list may hold now, in their order."""
        summaries = zip(video_ids, self._permitted(video_ids, asked), strict=True)
        return [video_id for video_id, summary in summaries if summary is not None]

    def _permitted(self, video_ids: Sequence[str], asked: ListRequest | None) -> list[bytes | None]:
        """The summaries of videos; None for those that may not be shown."""
        summaries = list(map(self.index.summaries.get, video_ids))
        policy = None if asked is None else self.restrictions(asked)
        if policy is None or policy.eligibility is None or not video_ids:
            return summaries
        may_be_shown = policy.eligibility.of(self.index.rows_of(video_ids)).tolist()
        return [summary if may else None for summary, may in zip(summaries, may_be_shown, strict=True)]

    def is_listed(self, videos: bytes) -> bool:
        """Whether all videos of a JSON array may be shown; False for what is no such array."""
        catalogue = self.loader.catalogue
        try:
            return not catalogue.has_catalogue or catalogue.is_listed(ids_in(videos))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False

    def trending_json(self, n: int, asked: ListRequest = ANYBODY) -> bytes:
        """The `n` trending videos as a JSON array of summaries, of those that anybody may be shown."""
        policy, top_lists = self.policy(asked), self.index.top_lists
        rows = top_lists.popular(n)
        if policy is not None and policy.eligibility is not None:
            for size in (POPULAR_LIST_LENGTH, self.index.size):
                rows = top_lists.popular(size)
                rows = rows[policy.eligibility.of(rows)]
                if len(rows) >= n:
                    break
        return join_summaries(self.index.summaries[self.index.ids[row]] for row in rows[:n].tolist())

    def popular_in(self, country: str, n: int) -> bytes:
        """The `n` videos that are popular in a country as a JSON array, filled up with those popular everywhere."""
        rows = [*self.index.local.popular(country), *self.index.top_lists.popular(POPULAR_LIST_LENGTH).tolist()]
        found = self.permitted([self.index.ids[row] for row in dict.fromkeys(rows)], ANYBODY)
        return join_summaries(self.index.summaries[video_id] for video_id in found[:n])

    def summaries_json(self, video_ids: Iterable[str], asked: ListRequest | None = None) -> bytes:
        """A JSON array of the summaries of videos, without those that may not be shown."""
        return join_summaries(filter(None, self._permitted(list(video_ids), asked)))


def _first(videos: bytes, n: int | None) -> bytes:
    """The first `n` videos of a JSON array; all for None."""
    return videos if n is None else first_summaries(videos, n)
