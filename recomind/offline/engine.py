"""The core in one process: the same folds and the same ranking as the live workers, over dictionaries.

`recomind evaluate` scores it, `recomind verify` compares it with what the running system holds, and tests use it as
the oracle. State changes at once; the index takes in what changed when it is next asked.
"""

from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.signals import Followed, Origin, Signal, Touched
from recomind.recommender.blend.model import Weights
from recomind.recommender.diversify import Caps
from recomind.recommender.ease import Lists
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.pipeline import Ranked, learn, rank, slate_of
from recomind.recommender.slate import Slate
from recomind.state import neighbours, popularity, profile
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile


class Engine:
    """State, index and weights of one process."""

    def __init__(self, *, learning: bool = True, caps: Caps | None = None) -> None:
        self.profiles: dict[str, Profile] = {}
        self.popularity: dict[str, Popularity] = {}
        self.neighbours: dict[str, Neighbours] = {}
        self.index = VideoIndex()
        self.weights = Weights()
        self.now = 0.0
        """The latest event time seen, epoch seconds."""
        self.caps = caps
        self._learning = learning
        self._clock = 0
        self._ranked: tuple[tuple[str, int, float, int], Ranked] | None = None
        self._changed_videos: set[str] = set()
        self._changed_people: set[str] = set()

    def put_video(self, video: Video) -> None:
        """Add or replace a catalogue entry."""
        self.index.put_video(video)

    def observe(self, action: Action, origin: Origin) -> None:
        """Take an action in; learn from it first where it is a like."""
        before = self.profile(action.user_id)
        after, signals = profile.fold(before, origin, action)
        if not signals:
            self.profiles[action.user_id] = after
            return
        self._learn(before, action, signals)
        self._clock += 1
        self.profiles[action.user_id] = after
        self._changed_people.add(action.user_id)
        self.now = max(self.now, action.timestamp)
        for signal in signals:
            self._apply(signal)

    def recommend(self, user_id: str, n: int, now: float | None = None) -> Slate:
        """The person's slate as of `now`, by default the latest event time."""
        at = self.now if now is None else now
        person = self.profile(user_id)
        return slate_of(self.rank(user_id, person, at), self.index, self.weights, n, self.caps)

    def rank(self, user_id: str, person: Profile, now: float) -> Ranked:
        """The person's candidates; kept for a moment, as a like is first predicted and then learned from."""
        key = (user_id, id(person), now, self._clock)
        if self._ranked is None or self._ranked[0] != key:
            self.refresh()
            self._ranked = key, rank(person, self.index, now)
        return self._ranked[1]

    def retrain(self, lists: Lists) -> None:
        """Take a retrained item-item model into use."""
        self.index.model.clear()
        for video_id, others in lists.items():
            self.index.put_model(video_id, others)
        self._clock += 1

    def profile(self, user_id: str) -> Profile:
        """The person's profile; an empty one for somebody new."""
        return self.profiles.get(user_id) or Profile()

    def _learn(self, before: Profile, action: Action, signals: list[Signal]) -> None:
        first = signals[0]
        if not isinstance(first, Touched) or first.action_type != "like" or first.again:
            return
        if self._learning:
            person = profile.unmet(before, action.video_id)
            ranked = self.rank(action.user_id, person, action.timestamp)
            self.weights = learn(self.weights, ranked, self.index, action.video_id)

    def _apply(self, signal: Signal) -> None:
        video_id = signal.video_id
        self._changed_videos.add(video_id)
        known = self.neighbours.get(video_id) or Neighbours()
        company = neighbours.fold(known, [signal])
        if company is not known:
            self.neighbours[video_id] = company
        if not isinstance(signal, Followed):
            counted = self.popularity.get(video_id) or Popularity()
            self.popularity[video_id] = popularity.fold(counted, [signal])

    def refresh(self) -> None:
        """Bring the index up to date with the state."""
        for video_id in self._changed_videos:
            if video_id in self.neighbours:
                self.index.put_neighbours(video_id, self.neighbours[video_id])
            if video_id in self.popularity:
                self.index.put_popularity(video_id, self.popularity[video_id])
        for user_id in self._changed_people:
            self.index.put_likes(user_id, self.profiles[user_id].likes)
        self._changed_videos.clear()
        self._changed_people.clear()
