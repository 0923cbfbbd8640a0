"""What another configuration would have got, estimated from served lists: a replay of the log beside both.

The log is replayed in its order. For each list that was handed out, the other configuration ranks as many places for
the same user at the same moment, in the state that the engine has then, under the rules of that time. A sample is a
random place of the list: its video, whether it was liked, the probability with which lists had it, and that with which
the other configuration has it. So a like is taken to depend on the user and the video, not on the place.

Random lists (the control group, and rankers that draw) can hold every video, with a small probability. Other lists hold
what was ranked: they speak only of configurations that show nearly the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import numpy as np

from recomind.experiments.book import Assigned
from recomind.experiments.off_policy import Estimate, Samples, estimate
from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.served_lists import ServedListEvent
from recomind.model.signals import SourceOffset
from recomind.offline.engine import Engine
from recomind.offline.whatif_policies import Changed, ReplayedPolicies
from recomind.recommender.extensions.registry import BUILT_IN, Extensions
from recomind.recommender.pipeline import rank, slate_of
from recomind.recommender.served import unpack
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

    @property
    def best(self) -> Estimate | None:
        """The estimate to be used; None if both are refused."""
        return next((one for one in (self.from_random, self.from_ranked) if not one.refusal), None)


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
        """
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
        self._open: defaultdict[str, list[tuple[float, ServedListEvent, bool, int]]] = defaultdict(list)
        """User to the lists whose places may be liked: when handed out, the list, whether it is random, first place."""
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
        if at < self._since or not event.shown or event.teams:
            return
        features = [unpack(event.shown, place, len(event.video_ids)) for place in range(len(event.video_ids))]
        propensities = [one.propensity for one in features if one is not None]
        if not propensities or len(propensities) < len(features) or min(propensities) <= 0:
            return
        is_random = event.is_control or max(propensities) < DRAWN_BELOW
        if not is_random:
            self._met += self._share
            if self._met < 1:
                return
            self._met -= 1
        self._open[event.user_id].append((at, event, is_random, len(self._places[is_random])))
        self._places[is_random] += self._samples(listed, propensities, is_random=is_random)
        self._all_shown += len(event.video_ids)
        for video_id in event.video_ids:
            self._shown[video_id] += 1

    def act(self, acted: Acted) -> None:
        """Replay an action."""
        action = acted.action
        if action.action_type == "like" and action.user_id in self._open:
            known = [one for one in self._open[action.user_id] if one[0] + WINDOW_S >= acted.logged_at]
            self._open[action.user_id] = known
            for _, event, is_random, first in reversed(known):
                if action.video_id in event.video_ids:
                    self._liked[is_random].add(first + event.video_ids.index(action.video_id))
                    self._likes[action.video_id] += 1
                    self._all_likes += 1
                    break
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
        return WhatIf(*estimates, *places, like_rate, left_out)

    def _samples(self, listed: Listed, propensities: list[float], *, is_random: bool) -> Iterator[_Place]:
        """The places of a list, as random places."""
        event, engine = listed.event, self._engine
        engine.refresh()
        (policy, local, weights), n = self._policies.ranking(event, listed.logged_at), len(event.video_ids)
        ranked = rank(engine.profile(event.user_id), engine.index, event.at, policy, engine.extensions, local)
        slate = slate_of(ranked, engine.index, weights, n, exploration=0.0)
        other = [pick.video_id for pick in slate.picks]
        self._lists, self._left_out = self._lists + 1, self._left_out + slate.is_ranker_left_out
        if slate.is_ranker_left_out:
            self._left_out_ranker = policy.ranker
        user = self._users.setdefault(event.user_id, len(self._users))
        expected = float(np.mean([self._predicted(one) for one in other])) if other else 0.0
        for video_id, propensity in zip(event.video_ids, propensities, strict=True):
            target = 1 / len(other) if video_id in other else 0.0
            of_place = propensity if is_random else propensity / n
            yield _Place(user, of_place, target, self._predicted(video_id), expected)

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
