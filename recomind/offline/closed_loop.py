"""Closed-loop evaluation: a recommender decides what is shown, learns from the reactions, and is judged by them.

A log tells whether a recommender guesses what the users of another one liked. Here the recommender's own lists are
shown, in a world whose truth is known (`world`). The engine is compared with random videos, with the videos of the
highest like rate, and with an oracle that knows every user's taste.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

import msgspec
import numpy as np

from recomind.model.action_weights import ActionWeights
from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.ids import Offset, UserId, VideoId
from recomind.model.local_context import NO_LOCAL_CONTEXT, local_key
from recomind.model.signals import SourceOffset
from recomind.offline.engine import Engine
from recomind.offline.world import DAY_S, SECONDS_PER_VIDEO, START, Context, Size, Watch, World
from recomind.recommender.exploration import EXPLORATION_SHARE
from recomind.recommender.extensions.registry import BUILT_IN, Extensions
from recomind.recommender.index.columns import Floats
from recomind.recommender.policy.policy import Policy as RankingPolicy

LIKES_ALONE: Final = "recomind, likes alone"
"""The engine without watch times, in a world that has them."""

WATCH_ORACLE: Final = "watch oracle"
"""Shows what a user watches longest; the other oracle shows what they like most."""

WITHOUT_CONTEXT: Final = "recomind, without context"
"""The engine without the country and the hour, in a world where they matter."""

WITH_CONTEXT: Final = "recomind, with context"
"""The engine that is told the country and the hour, in a world where they do not matter."""

BLIND_ORACLE: Final = "blind oracle"
"""Knows every user's taste, and nothing of what country and hour add; the other oracle knows both."""

RANKER_PREFIX: Final = "ranker "
"""Before the name of a ranker: the engine with lists that this ranker orders, and that it learns from."""

PAGE: Final = 5
"""Videos of a page."""


class Policy(Protocol):
    """What decides which videos are shown."""

    def add(self, video: Video) -> None:
        """Learn of an upload."""

    def page(self, user: int, now: float) -> list[int]:
        """The numbers of the videos to show."""

    def observe(self, user: int, video: int, reaction: str, at: float, watch: Watch | None = None) -> None:
        """Learn a reaction, and how long the video was watched, where the world has watch times."""


class ClosedLoopResult(msgspec.Struct, frozen=True):
    """The results of one policy."""

    like_share: float
    """Likes per shown video."""
    like_share_last_half: float
    by_day: tuple[float, ...]
    repeats: int
    """Videos shown to a user again."""
    short_pages: int
    """Pages with fewer than `PAGE` videos."""
    new_shown: float
    """Share of the uploads that were shown at least 20 times in their first day."""
    watched_last_half: float | None = None
    """Mean share of the shown videos that was watched in the last half; None in a world without watch times."""


class EnginePolicy:
    """The engine, as the workers run it."""

    def __init__(
        self,
        exploration: float = EXPLORATION_SHARE,
        *,
        learns_watch: bool = True,
        ranker: str = "",
        extensions: Extensions = BUILT_IN,
        context: Callable[[int, float], Context] | None = None,
    ) -> None:
        """Nothing is known yet.

        Args:
            exploration: share of places for new uploads.
            learns_watch: whether watch times count.
            ranker: orders the lists; empty for the hybrid.
            extensions: that take part.
            context: where a user is at a time; None if neither actions nor requests say it.
        """
        policy = None if not ranker else RankingPolicy(ranker=ranker)
        self.engine = Engine(exploration=exploration, policy=policy, extensions=extensions)
        if not learns_watch:
            self.engine.index.action_weights = ActionWeights(watch=0.0)
        self._context = context
        self._offset = 0

    def add(self, video: Video) -> None:
        """Learn of an upload."""
        self.engine.put_video(video)

    def page(self, user: int, now: float) -> list[int]:
        """The user's slate."""
        local = NO_LOCAL_CONTEXT if self._context is None else local_key(*self._context(user, now))
        return [int(pick.video_id[1:]) for pick in self.engine.serve(f"u{user}", PAGE, now, local).picks]

    def observe(self, user: int, video: int, reaction: str, at: float, watch: Watch | None = None) -> None:
        """Learn a reaction. With watch times, a like is followed by the view that it was made in."""
        told = None if self._context is None else msgspec.json.encode(self._context(user, at)._asdict()).decode()
        action = Action(UserId(f"u{user}"), VideoId(f"v{video}"), reaction, at, context=told)
        if watch is not None:
            if reaction == "like":
                self._observe(action)
                action = msgspec.structs.replace(action, action_type="view")
            action = msgspec.structs.replace(action, watched_ms=watch.watched_ms, duration_ms=watch.duration_ms)
        self._observe(action)

    def _observe(self, action: Action) -> None:
        self.engine.observe(action, SourceOffset(0, Offset(self._offset)))
        self._offset += 1


class Baseline:
    """Unseen videos in the order of a score."""

    def __init__(self, score: Callable[[int, int, float], Floats]) -> None:
        """Nothing is known yet; `score` gets a user, how many videos there are, and the time."""
        self._score = score
        self._videos = 0
        self._seen: dict[int, set[int]] = {}

    def add(self, video: Video) -> None:
        """Learn of an upload."""
        del video
        self._videos += 1

    def page(self, user: int, now: float) -> list[int]:
        """The unseen videos with the highest scores."""
        scores = self._score(user, self._videos, now).copy()
        scores[list(self._seen.get(user, ()))] = -np.inf
        return [int(video) for video in np.argsort(-scores, kind="stable")[:PAGE]]

    def observe(self, user: int, video: int, reaction: str, at: float, watch: Watch | None = None) -> None:
        """Learn that the user has seen the video."""
        del reaction, at, watch
        self._seen.setdefault(user, set()).add(video)


class LikeRate(Baseline):
    """Videos by their smoothed like rate, the same for everybody."""

    def __init__(self) -> None:
        super().__init__(lambda _, videos, __: (self._likes[:videos] + 1) / (self._shown[:videos] + 8))
        self._likes, self._shown = np.zeros(100_000), np.zeros(100_000)

    def observe(self, user: int, video: int, reaction: str, at: float, watch: Watch | None = None) -> None:
        """Count the reaction."""
        del watch
        super().observe(user, video, reaction, at)
        self._likes[video] += reaction == "like"
        self._shown[video] += 1


def policies(
    world: World, exploration: float = EXPLORATION_SHARE, ranker: str = "", extensions: Extensions = BUILT_IN
) -> Mapping[str, Policy]:
    """The policies that can be compared; with a ranker, also the engine whose lists that ranker orders."""
    draw = np.random.default_rng(world.seed + 2)
    context, more = world.context if world.size.context else None, dict[str, Policy]()
    if world.size.watch_times:
        more[LIKES_ALONE] = EnginePolicy(exploration, learns_watch=False, context=context)
        more[WATCH_ORACLE] = Baseline(lambda user, videos, _: world.watch_share(user, slice(0, videos)))
    if context is not None:
        more[WITHOUT_CONTEXT] = EnginePolicy(exploration, extensions=extensions)
        more[BLIND_ORACLE] = Baseline(lambda user, videos, _: world.like_probability(user, slice(0, videos)))
    else:
        more[WITH_CONTEXT] = EnginePolicy(exploration, extensions=extensions, context=world.context)
    if ranker:
        more[RANKER_PREFIX + ranker] = EnginePolicy(exploration, ranker=ranker, extensions=extensions, context=context)
    return {
        "random": Baseline(lambda _, videos, __: draw.random(videos)),
        "like rate": LikeRate(),
        "recomind": EnginePolicy(exploration, extensions=extensions, context=context),
        "oracle": Baseline(lambda user, videos, now: world.like_probability(user, slice(0, videos), now)),
        **more,
    }


def policy_names(size: Size, rankers: Iterable[str] = ()) -> tuple[str, ...]:
    """The names of `policies` in a world, in the order in which they are shown."""
    watching = (LIKES_ALONE, WATCH_ORACLE) if size.watch_times else ()
    local = (WITHOUT_CONTEXT, BLIND_ORACLE) if size.context else ()
    return ("random", "like rate", "recomind", "oracle", *watching, *local, *(RANKER_PREFIX + name for name in rankers))


def run(
    size: Size,
    seed: int,
    name: str,
    exploration: float = EXPLORATION_SHARE,
    on_progress: Callable[[int], None] = lambda _: None,
    extensions: Extensions = BUILT_IN,
) -> ClosedLoopResult:
    """Let one of `policies` decide what is shown in a world of its own."""
    world = World(size, seed)
    ranker = name.removeprefix(RANKER_PREFIX) if name.startswith(RANKER_PREFIX) else ""
    policy, visits = policies(world, exploration, ranker, extensions)[name], world.visits()
    videos, seen = size.videos, [set[int]() for _ in range(size.users)]
    for entry in world.videos(0, videos):
        policy.add(entry)
    likes, shown = np.zeros(size.days + 1), np.zeros(size.days + 1)
    first_day, repeats, short, day = np.zeros(len(world.created_at)), 0, 0, 0
    watched = np.zeros(size.days + 1)
    for at, user in visits:
        while videos < len(world.created_at) and world.created_at[videos] <= at:
            policy.add(next(world.videos(videos, videos + 1)))
            videos += 1
        if int((at - START) // DAY_S) > day:
            day = int((at - START) // DAY_S)
            world.change_interests(size.drift_per_day)
        page = policy.page(user, at)
        short += len(page) < PAGE
        for place, video in enumerate(page):
            is_repeat = video in seen[user]
            reaction = "skip" if is_repeat else world.reaction(user, video, at)
            repeats, likes[day], shown[day] = repeats + is_repeat, likes[day] + (reaction == "like"), shown[day] + 1
            first_day[video] += at - world.created_at[video] < DAY_S
            seen[user].add(video)
            watch = world.watch(user, video) if size.watch_times else None
            watched[day] += 0.0 if watch is None or is_repeat else watch.share
            policy.observe(user, video, reaction, at + place * SECONDS_PER_VIDEO, watch)
        on_progress(1)
    half, whole = size.days // 2, slice(0, size.days)
    new = first_day[size.videos : int(np.searchsorted(world.created_at, START + (size.days - 1) * DAY_S))]
    return ClosedLoopResult(
        float(likes.sum() / shown.sum()),
        float(likes[half:].sum() / shown[half:].sum()),
        tuple(float(share) for share in (likes[whole] / np.maximum(1, shown[whole]))),
        repeats,
        short,
        float((new >= 20).mean()),
        float(watched[half:].sum() / shown[half:].sum()) if size.watch_times else None,
    )


def possible(results: Mapping[str, ClosedLoopResult], name: str) -> float:
    """A policy's gain in the last half, scaled so that the random policy has 0 and the oracle 1."""
    low, high = results["random"].like_share_last_half, results["oracle"].like_share_last_half
    return (results[name].like_share_last_half - low) / (high - low)
