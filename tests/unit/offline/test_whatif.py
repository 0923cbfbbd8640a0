"""What another configuration would have got: estimated from random lists, refused where lists cannot say it."""

import msgspec
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
EXPLORES = Policy(exploration=0.2)
SIZE = Size(users=250, videos=60, uploads_per_day=0, days=2, drift_per_day=0.0)


class Simulation:
    """Users who are shown lists of one ranker, the log of that, and the true like rate of another ranker."""

    def __init__(self, world, *, random_lists, **options):
        self.world, self.engine, self.random_lists = world, Engine(**options), random_lists
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

    def replay(self, arm, videos=SIZE.videos, **options):
        target, users = Assigned("", arm.name, (arm,), ""), UserFollower(None)
        found = Replay(target, self.world.videos(0, videos), users, START, **options)
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


class DrawsByActions:
    """A ranker that draws by the user's actions from what the sources propose, and says with which probability."""

    def score(self, request, index):
        draw = np.random.default_rng(request.user.profile.action_count)
        return draw.random(index.size)[request.rows]

    def propensities(self, request, index):
        return np.full(len(request.rows), 1 / len(request.rows))


@pytest.mark.parametrize("ranker", ["random", "own"])
def test_what_a_ranker_draws_does_not_depend_on_what_it_drew_for_the_log(ranker):
    extensions = Extensions(suspended_after=float("inf"))
    extensions.add("ranker", "own", DrawsByActions())
    simulation = Simulation(World(SIZE, 4), random_lists=False, policy=Policy(ranker=ranker), extensions=extensions)
    simulation.run(Policy(), 100)
    found = simulation.replay(Arm(name="B", ranker=ranker), extensions=extensions)
    assert found.ranked_places == 0
    assert found.from_random.overlap == pytest.approx(1.0, abs=0.02)
    assert found.from_random.effective_places == pytest.approx(found.random_places, rel=0.1)
    likes = sum(isinstance(one, Acted) and one.action.action_type == "like" for one in simulation.events)
    assert found.from_random.snips.estimate == pytest.approx(likes / found.random_places, rel=0.1)


def test_random_lists_of_the_control_group_have_what_the_random_ranker_draws_from_a_large_catalogue():
    simulation = Simulation(World(SIZE._replace(videos=900), 4), random_lists=True)
    for video in simulation.world.videos(SIZE.videos, 900):
        simulation.engine.put_video(video)
    simulation.run(Policy(), 60)
    found = simulation.replay(Arm(name="B", ranker="random"), videos=900)
    assert found.from_random.overlap == pytest.approx(1.0, abs=0.01)


def test_places_for_new_uploads_are_not_drawn_as_they_were_for_the_log():
    simulation = Simulation(World(SIZE._replace(uploads_per_day=40), 4), random_lists=False, policy=EXPLORES)
    for video in simulation.world.videos(SIZE.videos, SIZE.videos + 40):
        simulation.engine.put_video(video)
    simulation.run(Policy(), 100)
    found = simulation.replay(Arm(name="B", exploration=0.2), videos=SIZE.videos + 40)
    assert found.from_ranked.overlap < 1.2


def test_only_lists_of_the_scenario_count():
    simulation = Simulation(World(SIZE, 4), random_lists=True)
    simulation.run(Policy(), 60)
    lists = [number for number, one in enumerate(simulation.events) if isinstance(one, Listed)]
    for number in lists[:40]:
        at, event = simulation.events[number]
        simulation.events[number] = Listed(at, msgspec.structs.replace(event, scenario="kid"))
    found = {
        scenario: simulation.replay(Arm(name="B", ranker="random"), scenario=scenario)
        for scenario in ("default", "kid", "other")
    }
    assert {scenario: one.random_places for scenario, one in found.items()} == {"default": 100, "kid": 200, "other": 0}
    assert found["other"].best is None
    assert "no place of the log" in found["other"].from_random.refusal


@pytest.mark.parametrize(("scenario", "rate"), [("default", 0.0), ("kid", 1 / PLACES)])
def test_a_like_is_of_the_latest_list_with_the_video_also_where_that_list_does_not_count(scenario, rate):
    simulation = Simulation(World(SIZE, 4), random_lists=True)
    slate = simulation.slate("u", START + 1)
    ids = tuple(VideoId(pick.video_id) for pick in slate.picks)
    first = ServedListEvent("l1", UserId("u"), START + 1, 0, ids, slate.shown, is_control=True)
    later = msgspec.structs.replace(first, list_id="l2", at=START + 2, scenario="kid")
    like = Action(UserId("u"), ids[0], "like", START + 3)
    simulation.events = [Listed(one.at, one) for one in (first, later)]
    simulation.events.append(Acted(like.timestamp, like, SourceOffset(0, 1)))
    found = simulation.replay(Arm(name="B", ranker="random"), scenario=scenario)
    assert found.from_random.snips.estimate == pytest.approx(rate)
