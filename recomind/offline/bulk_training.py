"""Weights of the blend from a log, in the log's own order: what a system that has just been filled should serve with.

The log is replayed through the engine, test then learn; the weights at its end are those that `recomind evaluate` would
go on with. Likes before the last `MAX_LIKES` only change the state: they would take as long and matter little.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.offline.evaluation import Replay
from recomind.recommender.blend.model import Weights

MAX_LIKES: Final = 20_000
"""Likes that are learned from: about a minute."""


def learn_from_log(
    actions: Sequence[Action], videos: Iterable[Video], on_progress: Callable[[int], None] = lambda _: None
) -> Weights:
    """The weights after a log.

    Args:
        actions: of the log.
        videos: the catalogue.
        on_progress: called with a number of actions that have been replayed.
    """
    ordered = sorted(actions, key=lambda action: action.timestamp)
    likes = [number for number, action in enumerate(ordered) if action.action_type == "like"]
    start = likes[-MAX_LIKES] if len(likes) > MAX_LIKES else 0
    replay = Replay(videos)
    for number, action in enumerate(ordered):
        replay.engine.learning = number >= start
        replay.observe(action)
        on_progress(1)
    return replay.engine.weights
