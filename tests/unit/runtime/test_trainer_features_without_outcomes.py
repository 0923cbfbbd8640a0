"""No feature of an example contains its own outcome, under load, with a backlog, and when the log is replayed.

A video, its tag, its creator and its users are new. Two worlds differ in one action alone, a like or a skip of that
video: its example's features are the same in both, and what it adds follows from them.
"""

import numpy as np
import pytest
from msgspec.structs import replace

from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.served_lists import ServedListEvent
from recomind.model.signals import ActionSignal, SourceOffset
from recomind.recommender.factors import increments
from recomind.recommender.outcomes import apply_shared, example_of
from recomind.recommender.pipeline import rank, slate_of
from recomind.runtime.metrics import Metrics
from recomind.runtime.trainer import Trainer
from recomind.state import popularity, profile_fold
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile
from recomind.state.served_lists import ServedLists
from recomind.stores.archive import Archive
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.ranking_cache import RankingCache
from recomind.stores.read_model import ReadModel

NOW = 1e9
OWN = Video(video_id="own", tags=("own-tag",), creator_id="own-creator", created_at=NOW - 60)
OTHERS = [Video(video_id=f"v{n}", tags=(f"t{n % 3}",), creator_id="c", created_at=NOW - 1e6) for n in range(40)]


class World:
    """A worker's parts for one partition; signals reach the index at once, or late."""

    def __init__(self, lag_s=0, is_lagging=False):
        model = ReadModel(InMemoryStore())
        self.cache = RankingCache.create(model, Archive("postgresql://nowhere"), partitions=1, ttl=60.0)
        for video in (*OTHERS, OWN):
            self.cache.index.put_video(video)
        self.trainer = Trainer(self.cache, Metrics(), lambda: is_lagging)
        self.lists, self.lag = ServedLists(), lag_s
        self.profiles, self.popularity, self.late, self.examples, self.sent = {}, {}, [], {}, {}

    def serve(self, user, at):
        ranked = rank(self.profiles.get(user, Profile()), self.cache.index, NOW + at)
        slate = slate_of(ranked, self.cache.index, self.cache.weights, 41)
        ids = tuple(pick.video_id for pick in slate.picks)
        event = ServedListEvent(f"{user}:{at}", user, NOW + at, 0, ids, slate.shown)
        self.lists.put(self.lists.next_offset, float(at), event)

    def act(self, number, user, video, kind, at, *, is_first=True):
        """Fold, join, learn; then the signals are sent, unless they were before."""
        before, cause = self.profiles.get(user, Profile()), SourceOffset(0, number)
        action = Action(user, video, kind, NOW + at)
        after, derived = profile_fold.fold(before, cause, action)
        if not derived:
            return
        joined = self.lists.join(before, action, derived, float(at))
        self.examples.setdefault(cause, []).append(example_of(action, derived[0], joined, before, self.cache.index))
        after, signals, _ = self.trainer.learn_outcome(before, after, action, derived, joined, is_first)
        self.profiles[user] = after
        self.late.append((at, [one for one in signals if cause not in self.sent]))
        self.sent.setdefault(cause, signals)
        while self.late and self.late[0][0] <= at - self.lag:
            self.deliver(self.late.pop(0)[1])

    def deliver(self, signals):
        for signal in signals:
            if isinstance(signal, ActionSignal):
                known = self.popularity.get(signal.video_id, Popularity())
                self.popularity[signal.video_id] = popularity.fold(known, [signal])
                self.cache.index.put_popularity(signal.video_id, self.popularity[signal.video_id])
                apply_shared(self.cache.index, signal.video_id, signal.increments)

    def lose_profiles(self):
        """As a crash after the signals were sent: the log is delivered again, and the lists are read again."""
        self.profiles, lists = {}, ServedLists()
        for offset, served in enumerate(self.history):
            lists.put(offset, *served)
        self.lists = lists

    def remember_lists(self):
        self.history = [(one.logged_at, one.event) for one in self.lists._waiting]


def run(kind, *, lag_s=0, is_lagging=False, replays=0):
    """A world in which `me` does something with the new video, after others have liked other videos."""
    world, actions = World(lag_s, is_lagging), []
    for number in range(30):
        actions.append((number, f"u{number % 6}", f"v{number}", "like" if number % 3 else "skip", 100 + number))
        world.serve(f"u{number % 6}", number)
    world.serve("me", 50)
    actions += [(30, "me", "own", kind, 140), (31, "me", "v39", "view", 141)]
    world.remember_lists()
    for one in actions:
        world.act(*one)
    for _ in range(replays):
        world.deliver([one for _, some in world.late for one in some])
        world.late.clear()
        world.lose_profiles()
        for one in actions:
            world.act(*one, is_first=False)
    return world


CONDITIONS = {
    "at once": {},
    "with a backlog of signals": {"lag_s": 20},
    "under load": {"is_lagging": True},
    "replayed": {"replays": 1},
    "replayed twice under load": {"replays": 2, "is_lagging": True, "lag_s": 5},
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_the_features_of_an_example_are_those_of_a_world_without_its_outcome(condition):
    liked, skipped = run("like", **CONDITIONS[condition]), run("skip", **CONDITIONS[condition])
    mine = SourceOffset(0, 30)
    examples = liked.examples[mine] + skipped.examples[mine]
    assert len(examples) == 2 * (1 + CONDITIONS[condition].get("replays", 0))
    first = examples[0].shown
    for example in examples:
        shown = example.shown
        assert (shown.propensity, shown.choice, shown.factors) == (first.propensity, first.choice, first.factors)
        assert shown.item.mean.tolist() == first.item.mean.tolist()
        assert shown.item.variance.tolist() == first.item.variance.tolist()
        assert shown.rates == first.rates
    assert first.rates[:3] == (0.0, 0.0, 0.0)
    assert first.item.mean[-1] == 0.0


@pytest.mark.parametrize("condition", CONDITIONS)
def test_what_an_outcome_adds_is_counted_once_and_points_to_it(condition):
    for kind, sign in (("like", 1), ("skip", -1)):
        world = run(kind, **CONDITIONS[condition])
        signal = world.sent[SourceOffset(0, 30)][0]
        added = increments.unpack(signal.increments)
        assert np.sign(added.video[1, -1]) == sign
        world.deliver([one for _, some in world.late for one in some])
        sums = np.frombuffer(world.popularity["own"].factor_sums, "<f4").reshape(2, -1)
        assert sums[:, -1] == pytest.approx(added.video[:, -1])
        assert (world.popularity["own"].impressions, world.popularity["own"].shown_likes) == (1, int(sign > 0))


def test_an_action_on_a_video_that_was_not_served_teaches_from_the_index_only_before_its_signals_are_sent():
    world = World()
    world.act(0, "me", "own", "like", 10)
    once = world.sent[SourceOffset(0, 0)][0].increments
    assert once
    world.profiles = {}
    world.act(0, "me", "own", "like", 10, is_first=False)
    assert world.profiles["me"].factors == b""  # the index contains the like: nothing is learned from it
    assert replace(world.profiles["me"], factors=b"") == world.profiles["me"]
