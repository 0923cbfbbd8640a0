"""What another configuration would have got: estimated from random lists, refused where lists cannot say it."""

import numpy as np
import pytest

from recomind.experiments.book import Assigned
from recomind.model.events import Action
from recomind.model.experiments import Arm
from recomind.model.ids import UserId, VideoId
from recomind.model.served_lists import ServedListEvent
from recomind.model.signals import SourceOffset
from recomind.offline.engine import Engine
from recomind.offline.whatif import Acted, Listed, Replay
from recomind.offline.world import START, Size, World
from recomind.recommender.control import random_slate
from recomind.recommender.extensions.registry import Extensions
from recomind.recommender.pipeline import rank, slate_of
from recomind.recommender.policy.policy import Policy
from recomind.recommender.slate import Slate
from recomind.stores.user_follower import UserFollower

PLACES = 5
SIZE = Size(users=250, videos=60, uploads_per_day=0, days=2, drift_per_day=0.0)


class Simulation:
    """Users who are shown lists of one ranker, the log of that, and the true like rate of another ranker."""

    def __init__(self, world, *, random_lists):
        self.world, self.engine, self.random_lists = world, Engine(), random_lists
        self.events, self.truths = [], []
        for video in world.videos(0, SIZE.videos):
            self.engine.put_video(video)

    def run(self, other, visits):
        offset = 0
        for visit in self.world.visits()[:visits]:
            user = f"u{visit.user}"
            slate = self.slate(user, visit.at)
            ids = tuple(VideoId(pick.video_id) for pick in slate.picks)
            if not ids:
                continue
            event = ServedListEvent(
                f"l{offset}", UserId(user), visit.at, 0, ids, slate.shown, is_control=self.random_lists
            )
            self.engine.served.put(offset, visit.at, event)
            self.events.append(Listed(visit.at, event))
            self.truths.append(self.true_rate(user, visit, other))
            for place, video in enumerate(ids):
                kind, at = self.world.reaction(visit.user, int(video[1:])), visit.at + 1 + place
                action = Action(UserId(user), video, kind, at)
                offset += 1
                self.engine.observe(action, SourceOffset(0, offset))
                self.events.append(Acted(at, action, SourceOffset(0, offset)))

    def slate(self, user, at) -> Slate:
        self.engine.refresh()
        if self.random_lists:
            return random_slate(self.engine.index, user, self.engine.profile(user), at, 0, PLACES)
        return self.engine.recommend(user, PLACES, at)

    def true_rate(self, user, visit, other):
        ranked = rank(self.engine.profile(user), self.engine.index, visit.at, other, self.engine.extensions)
        picks = slate_of(ranked, self.engine.index, self.engine.weights, PLACES, exploration=0.0).picks
        chances = [float(self.world.like_probability(visit.user, int(pick.video_id[1:]))) for pick in picks]
        return np.mean(chances) if chances else np.nan

    def replay(self, arm, **options):
        target, users = Assigned("", arm.name, (arm,), ""), UserFollower(None)
        found = Replay(target, self.world.videos(0, SIZE.videos), users, START, **options)
        for one in sorted(self.events, key=lambda one: one.logged_at):
            if isinstance(one, Listed):
                found.serve(one)
            else:
                found.act(one)
        return found.result()


@pytest.fixture(scope="module")
def random_lists():
    """A log of random lists."""
    simulation = Simulation(World(SIZE, 12), random_lists=True)
    simulation.run(Policy(ranker="tags"), 700)
    return simulation


def test_random_lists_tell_what_a_ranker_would_have_got(random_lists):
    simulation = random_lists
    found = simulation.replay(Arm(name="B", ranker="tags"))
    assert found.best is found.from_random
    truth = float(np.nanmean(simulation.truths))
    for one in (found.best.snips, found.best.doubly_robust):
        assert one.low < truth < one.high
    assert found.from_random.overlap == pytest.approx(1.0, abs=0.1)
    assert found.ranked_places == 0


def test_ranked_lists_speak_of_nearly_the_same_ranking_only():
    simulation = Simulation(World(SIZE, 4), random_lists=False)
    simulation.run(Policy(), 600)
    same = simulation.replay(Arm(name="B"))
    assert same.best is same.from_ranked
    assert same.from_ranked.snips.low < same.like_rate < same.from_ranked.snips.high
    other = simulation.replay(Arm(name="B", ranker="random"))
    assert other.best is None
    assert other.from_ranked.refusal.startswith("the log can speak of")
    assert other.from_random.refusal


def test_a_share_of_the_ranked_lists_is_ranked_anew():
    simulation = Simulation(World(SIZE, 4), random_lists=False)
    simulation.run(Policy(), 100)
    places = sum(len(one.event.video_ids) for one in simulation.events if isinstance(one, Listed))
    assert simulation.replay(Arm(name="B"), share=0.2).ranked_places == pytest.approx(places / 5, abs=PLACES)


class FailsAtTimes:
    """A ranker like `popularity` that raises at one call in so many."""

    def __init__(self, period):
        self.period, self.calls = period, 0

    def score(self, request, index):
        self.calls += 1
        if self.calls % self.period == 0:
            raise RuntimeError("out of order")
        return request.rows.astype(float)


@pytest.mark.parametrize(("period", "is_refused"), [(1, True), (50, True), (400, False)])
def test_there_is_no_estimate_if_the_ranker_was_left_out_of_many_lists(random_lists, period, is_refused):
    extensions = Extensions(suspended_after=float("inf"))
    extensions.add("ranker", "fails", FailsAtTimes(period))
    found = random_lists.replay(Arm(name="B", ranker="fails"), extensions=extensions)
    assert found.ranker_left_out == pytest.approx(1 / period, rel=0.6)
    assert (found.best is None) == is_refused
    for one in (found.from_random, found.from_ranked):
        assert one.refusal.startswith("the ranker fails was left out of") == is_refused
