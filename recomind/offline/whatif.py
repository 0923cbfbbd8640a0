"""What another configuration would have got, estimated from served lists: a replay of the log beside both.

The log is replayed in its order. For each list that was handed out, the other configuration ranks as many places for
the same user at the same moment, in the state that the engine has then, under the rules of that time. A sample is a
random place of the list: its video, whether it was liked, the probability with which lists had it, and that with which
the other configuration has it. So a like is taken to depend on the user and the video, not on the place. Only lists of
one scenario count.

What the other configuration draws must not depend on what was drawn for the log, and both draw by the user's actions.
So the probability of a ranker that draws is the one that it says, and places for new uploads are drawn by another seed.

Random lists (the control group, and rankers that draw) can hold every video, with a small probability. Other lists hold
what was ranked: they speak only of configurations that show nearly the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np

from recomind.experiments.book import Assigned
from recomind.experiments.off_policy import Estimate, Samples, estimate, no_estimate
from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.rules import DEFAULT_SCENARIO
from recomind.model.served_lists import ServedListEvent
from recomind.model.signals import SourceOffset
from recomind.offline.engine import Engine
from recomind.offline.whatif_policies import Changed, ReplayedPolicies
from recomind.recommender.blend.model import Weights
from recomind.recommender.extensions.registry import BUILT_IN, Extensions
from recomind.recommender.pipeline import propensities_of, rank, slate_of
from recomind.recommender.place_sources import DRAWN
from recomind.recommender.place_sources import unpack as unpack_sources
from recomind.recommender.ranked import Ranked
from recomind.recommender.served import unpack
from recomind.recommender.slate import Slate
from recomind.state.served_lists import WINDOW_S
from recomind.stores.user_follower import UserFollower

PRIOR_PLACES: Final = 20.0
"""The model's like rate of a video begins as if it had been shown so often, and been liked as all others are."""

DRAWN_BELOW: Final = 0.5
"""A list is random if no place holds its video with a larger probability."""

MAX_LEFT_OUT: Final = 0.01
"""There is no estimate if the ranker was left out of a larger share of the lists: the hybrid has ranked these."""


class Listed(NamedTuple):
    """A list in the log."""

    logged_at: float
    event: ServedListEvent


class Acted(NamedTuple):
    """An action in the log."""

    logged_at: float
    action: Action
    source_offset: SourceOffset


class _Place(NamedTuple):
    user: int
    propensity: float
    target: float
    predicted: float
    predicted_target: float


class _Open(NamedTuple):
    """A list whose places may be liked."""

    at: float
    """When it was handed out."""
    event: ServedListEvent
    is_random: bool | None
    """None if the list does not count: a like of its places is not one of another list."""
    first: int
    """The number of its first place."""


class WhatIf(NamedTuple):
    """The estimates."""

    from_random: Estimate
    """From random lists."""
    from_ranked: Estimate
    """From all other lists."""
    random_places: int
    ranked_places: int
    like_rate: float
    """Likes per place of the lists that were ranked; NaN if there were none."""
    ranker_left_out: float
    """Share of the lists that were ranked anew from which the ranker was left out; see `MAX_LEFT_OUT`."""
    scenario: str = DEFAULT_SCENARIO
    """Of the lists."""

    @property
    def best(self) -> Estimate | None:
        """The estimate to be used; None if both are refused."""
        return next((one for one in (self.from_random, self.from_ranked) if not one.refusal), None)


def nothing(scenario: str, refusal: str) -> WhatIf:
    """The estimates from no list of a scenario, and why."""
    return WhatIf(no_estimate(refusal), no_estimate(refusal), 0, 0, float("nan"), 0.0, scenario)


class Replay:
    """Replays a log, and ranks beside it."""

    def __init__(
        self,
        target: Assigned,
        videos: Iterable[Video],
        users: UserFollower,
        since: float,
        share: float = 1.0,
        extensions: Extensions = BUILT_IN,
        *,
        has_context: bool = True,
        scenario: str = DEFAULT_SCENARIO,
    ) -> None:
        """Begin with a catalogue, and without any action, rule or experiment.

        Args:
            target: the configuration, as the arm of an experiment.
            videos: the catalogue.
            users: their metadata.
            since: log time from which on lists count, epoch seconds.
            share: of the lists that are not random, those that count; all random ones do.
            extensions: rankers, and what else takes part in ranking.
            has_context: whether place and hour count, by the settings.
            scenario: of the lists that count.
        """
        self._scenario = scenario
        self._lists = self._left_out = 0
        """Lists that were ranked anew, and those of them that the ranker was left out of."""
        self._left_out_ranker = ""
        """The ranker that was left out last."""
        self._since = since
        self._share = share
        self._engine = Engine(extensions=extensions)
        self._policies = ReplayedPolicies(self._engine, users, target, has_context=has_context)
        for video in videos:
            self._engine.put_video(video)
        self._places: dict[bool, list[_Place]] = {True: [], False: []}
        """Whether the list is random, to its places."""
        self._liked: dict[bool, set[int]] = {True: set(), False: set()}
        """The same to the numbers of liked places."""
        self._open: defaultdict[str, list[_Open]] = defaultdict(list)
        """User to the lists whose places may be liked."""
        self._users: dict[str, int] = {}
        self._shown: defaultdict[str, float] = defaultdict(float)
        self._likes: defaultdict[str, float] = defaultdict(float)
        self._all_shown = self._all_likes = 0
        self._offsets = 0
        self._met = 0.0

    def change(self, changed: Changed) -> None:
        """Replay a change of a rule, scenario or experiment."""
        self._policies.change(changed)

    def serve(self, listed: Listed) -> None:
        """Replay a list."""
        event, at = listed.event, listed.logged_at
        self._policies.note(event)
        self._engine.served.put(self._offsets, at, event)
        self._offsets += 1
        if at + WINDOW_S < self._since or not event.shown:
            return
        propensities = self._propensities(listed)
        is_random = event.is_control or max(propensities, default=1.0) < DRAWN_BELOW
        if not propensities or (not is_random and not self._is_chosen()):
            self._open[event.user_id].append(_Open(at, event, None, 0))
            return
        self._open[event.user_id].append(_Open(at, event, is_random, len(self._places[is_random])))
        self._places[is_random] += self._samples(listed, propensities, is_random=is_random)
        self._all_shown += len(event.video_ids)
        for video_id in event.video_ids:
            self._shown[video_id] += 1

    def _propensities(self, listed: Listed) -> list[float]:
        """The propensity of each place of a list that may count; none of others."""
        event = listed.event
        if listed.logged_at < self._since or event.teams or event.scenario != self._scenario:
            return []
        features = [unpack(event.shown, place, len(event.video_ids)) for place in range(len(event.video_ids))]
        found = [one.propensity for one in features if one is not None]
        return [] if len(found) < len(features) or min(found, default=0.0) <= 0 else found

    def _is_chosen(self) -> bool:
        """Whether the next list that is not random is one of the share that counts."""
        self._met += self._share
        is_chosen = self._met >= 1
        self._met -= is_chosen
        return is_chosen

    def act(self, acted: Acted) -> None:
        """Replay an action."""
        action = acted.action
        if action.action_type == "like" and action.user_id in self._open:
            known = [one for one in self._open[action.user_id] if one.at + WINDOW_S >= acted.logged_at]
            self._open[action.user_id] = known
            found = next((one for one in reversed(known) if action.video_id in one.event.video_ids), None)
            if found is not None and found.is_random is not None:
                self._liked[found.is_random].add(found.first + found.event.video_ids.index(action.video_id))
                self._likes[action.video_id] += 1
                self._all_likes += 1
        with self._policies.learning_from(action.user_id, acted.logged_at):
            self._engine.observe(action, acted.source_offset)

    def result(self) -> WhatIf:
        """The estimates of what was replayed."""
        random, ranked = self._as_samples(True), self._as_samples(False)
        like_rate = float(ranked.rewards.mean()) if len(ranked.rewards) else float("nan")
        places, left_out = (len(random.rewards), len(ranked.rewards)), self._left_out / max(1, self._lists)
        estimates = estimate(random), estimate(ranked)
        reason = ""
        if left_out > MAX_LEFT_OUT:
            reason = f"the ranker {self._left_out_ranker} was left out of {left_out:.0%} of the lists, which the hybrid"
            reason += f" ranked instead; at most {MAX_LEFT_OUT:.0%} are allowed"
        elif self._policies.lacks_own_weights:
            reason = "no user of the arm has acted, so it has not learned any weights of its own"
        if reason:
            estimates = estimates[0]._replace(refusal=reason), estimates[1]._replace(refusal=reason)
        return WhatIf(*estimates, *places, like_rate, left_out, self._scenario)

    def _samples(self, listed: Listed, propensities: list[float], *, is_random: bool) -> Iterator[_Place]:
        """The places of a list, as random places."""
        event, engine = listed.event, self._engine
        engine.refresh()
        (policy, local, weights), n = self._policies.ranking(event, listed.logged_at), len(event.video_ids)
        ranked = rank(engine.profile(event.user_id), engine.index, event.at, policy, engine.extensions, local)
        seed = crc32(f"whatif {event.list_id}".encode())
        slate = slate_of(ranked, engine.index, weights, n, exploration=0.0, seed=seed)
        other = [pick.video_id for pick in slate.picks]
        self._lists, self._left_out = self._lists + 1, self._left_out + slate.is_ranker_left_out
        if slate.is_ranker_left_out:
            self._left_out_ranker = policy.ranker
        user = self._users.setdefault(event.user_id, len(self._users))
        expected = float(np.mean([self._predicted(one) for one in other])) if other else 0.0
        targets = self._targets(ranked, slate, weights, event.video_ids)
        for video_id, propensity, target in zip(event.video_ids, propensities, targets, strict=True):
            of_place = propensity if is_random else propensity / n
            yield _Place(user, of_place, target, self._predicted(video_id), expected)

    def _targets(self, ranked: Ranked, slate: Slate, weights: Weights, video_ids: Sequence[str]) -> list[float]:
        """The probability with which a random place of the other configuration holds each video.

        Places that the ranker does not fill, for new uploads and pinned videos, hold what the slate has there.
        """
        index, other = self._engine.index, [pick.video_id for pick in slate.picks]
        rows = np.array([index.rows.get(video_id, -1) for video_id in video_ids], np.int64)
        drawn = None if slate.is_ranker_left_out else propensities_of(ranked, index, weights, rows)
        if drawn is None:
            return [1 / len(other) if video_id in other else 0.0 for video_id in video_ids]
        filled = self._filled_by_ranker(slate)
        others = {video_id for video_id, is_filled in zip(other, filled, strict=True) if not is_filled}
        share = sum(filled) / max(1, len(other))
        return [
            1 / len(other) if video_id in others else share * chance
            for video_id, chance in zip(video_ids, drawn.tolist(), strict=True)
        ]

    @staticmethod
    def _filled_by_ranker(slate: Slate) -> list[bool]:
        """Whether each place holds what a ranker that draws has drawn for it."""
        places = [unpack(slate.shown, place, len(slate.picks)) for place in range(len(slate.picks))]
        is_new = (unpack_sources(slate.place_sources) >> DRAWN).astype(bool).tolist()
        return [one is not None and one.propensity < 1 and not new for one, new in zip(places, is_new, strict=True)]

    def _predicted(self, video_id: str) -> float:
        """The like rate of a video so far, near that of all."""
        overall = (self._all_likes + 1) / (self._all_shown + 10)
        return (self._likes[video_id] + PRIOR_PLACES * overall) / (self._shown[video_id] + PRIOR_PLACES)

    def _as_samples(self, is_random: bool) -> Samples:
        places = self._places[is_random]
        rewards = np.zeros(len(places))
        rewards[sorted(self._liked[is_random])] = 1.0
        columns = np.array(places, float).reshape(-1, 5).T
        return Samples(rewards, columns[1], columns[2], columns[0].astype(np.int64), columns[3], columns[4])
