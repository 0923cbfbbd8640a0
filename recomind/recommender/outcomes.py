"""Learn from an outcome: what a user did with a video, whether it was served or not.

Every outcome teaches the factor model: the user's factors, and increments for the video, its creator and its tags. So
does the watch time of a view or a skip (`factors.watching`). The outcome of a served video is learned from the features
as they were when it was served. A like of one also teaches how much the blend, the factor model and the like rates
count (`blend.outcomes`), unless its list was random.

Features of another video are those of the index, which must not contain the outcome yet: learn before the action's
signals are sent.

A place that was passed over has weight `PASSED_OVER_WEIGHT`, as the user may not have looked at it; a viewed or skipped
one has weight 1. A like after another outcome of the same place corrects it: it adds the difference of both updates. So
does the undo of a like, and a like of a video whose like was undone before.
"""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import numpy as np
from msgspec.structs import replace

from recomind.model.events import Action
from recomind.model.ids import VideoId
from recomind.model.local_context import NO_LOCAL_CONTEXT
from recomind.model.signals import CORRECTION, OUTCOME, UNDONE, ActionSignal, PassedOverSignal, Signal, UndoSignal
from recomind.recommender.blend.outcomes import OutcomeWeights
from recomind.recommender.factors import increments, users
from recomind.recommender.factors.model import ItemIncrements
from recomind.recommender.factors.watching import learn_watch
from recomind.recommender.index.columns import Floats
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.local_rates import local_log_odds
from recomind.recommender.served import ShownFeatures, unpack, weighed
from recomind.state.factor_sums import are_valid
from recomind.state.profile import Profile
from recomind.state.served_lists import Joined, Place

PASSED_OVER_WEIGHT: Final = 0.5
"""Weight of a place that was passed over; any other outcome counts 1."""


class Example(NamedTuple):
    """What is learned from."""

    video_id: str
    at: float
    """Event time, epoch seconds."""
    outcome: float
    """From 0 to 1, which is that of a like."""
    shown: ShownFeatures | None
    """The video's features when it was served; None if it was not served, or is not known any more."""
    weight: float = 1.0
    corrects: float | None = None
    """The outcome of the same video that was learned from before; None if there is none."""
    places: Floats | None = None
    """For `OutcomeWeights.learn`; None if it teaches nothing."""
    impressions: int = 0
    """How many served places the outcome adds to those that the user was shown."""
    likes: int = 0
    """How many it adds to those that the user liked; -1 for an undone like."""
    local: str = NO_LOCAL_CONTEXT
    """The local context of the action."""
    watched: float | None = None
    """Log odds of the watch quantile; None if there is no watch time, or none is learned from."""


class Taught(NamedTuple):
    """What an outcome teaches the factor model."""

    factors: bytes
    """The user's factors after it, for `Profile.factors`."""
    increments: bytes = b""
    """For the signal."""
    expected: float = 0.0
    """For the signal: the chance of a like, if the outcome is one of a served place with a local context."""


Learn = Callable[[bytes, Example], Taught]


class Learned(NamedTuple):
    """What an outcome teaches."""

    factors: Taught
    weights: OutcomeWeights


def features_of(place: Place) -> ShownFeatures | None:
    """The features of a place; None if they are missing."""
    return unpack(place.event.shown, place.number, len(place.event.video_ids))


def example_of(action: Action, own: Signal, joined: Joined, before: Profile, index: VideoIndex) -> Example | None:
    """The example that an action is; None if it teaches nothing.

    Args:
        action: which counts.
        own: its own signal.
        joined: what it means for the user's served lists.
        before: the user's profile before it.
        index: with the weights of actions, and the watch times of all videos.
    """
    weights = index.action_weights
    shown = None if joined.place is None else features_of(joined.place)
    was_liked = any(one.video_id == action.video_id for one in before.likes)
    if isinstance(own, UndoSignal):
        undone, likes = weights.outcome(own.action_type), -int(joined.outcome == UNDONE)
        if own.action_type != "like":
            return None
        return Example(action.video_id, action.timestamp, 0.0, shown, corrects=undone, likes=likes)
    is_like = action.action_type == "like"
    if isinstance(own, ActionSignal) and (own.is_repeat or (action.action_type in {"view", "skip"} and was_liked)):
        return None
    is_correction = joined.outcome == CORRECTION and shown is not None
    is_again = isinstance(own, ActionSignal) and own.was_undone
    return Example(
        action.video_id,
        action.timestamp,
        weights.outcome(action.action_type),
        shown,
        corrects=0.0 if is_correction or is_again else None,
        places=None if joined.place is None or not is_like else _places(joined.place, before),
        impressions=int(joined.outcome == OUTCOME and shown is not None),
        likes=int(is_like and shown is not None),
        local=own.local if isinstance(own, ActionSignal) else NO_LOCAL_CONTEXT,
        watched=_watched(action, index) if weights.watch else None,
    )


def _watched(action: Action, index: VideoIndex) -> float | None:
    """The log odds of the quantile of an action's watch time, less what is the video's own merit."""
    if action.watched_ms is None or action.action_type not in {"view", "skip"}:
        return None
    return index.watch_times.own_log_odds(index.row(action.video_id), action.watched_ms, action.duration_ms)


def _places(liked: Place, before: Profile) -> Floats | None:
    """The liked place of a list, and the others that the user has not liked; None if the list was random."""
    event = liked.event
    found = None if event.is_control else weighed(event.shown, len(event.video_ids))
    if found is None:
        return None
    known = {one.video_id for one in before.likes}
    others = [
        number for number, video_id in enumerate(event.video_ids) if video_id not in known and number != liked.number
    ]
    return found[[liked.number, *others]]


def passed_over_example(place: Place, at: float, local: str = NO_LOCAL_CONTEXT) -> Example | None:
    """The example that a place is which was passed over; None if its features are missing."""
    shown = features_of(place)
    if shown is None:
        return None
    return Example(place.video_id, at, 0.0, shown, PASSED_OVER_WEIGHT, impressions=1, local=local)


def learn_passed_over(
    factors: bytes, places: Iterable[Place], closed_by: ActionSignal | UndoSignal, learn: Learn
) -> tuple[bytes, list[Signal]]:
    """Learn from places that were passed over; returns the user's factors after it, and a signal for each place.

    Args:
        factors: the user's, before it.
        places: which were passed over.
        closed_by: the signal of the action that closed their list.
        learn: learns from an example.
    """
    signals: list[Signal] = []
    position = closed_by.source, closed_by.offset, closed_by.timestamp, closed_by.user_id
    for place in places:
        example = passed_over_example(place, closed_by.timestamp, closed_by.local)
        taught = Taught(factors) if example is None else learn(factors, example)
        factors, added = taught.factors, (taught.increments, closed_by.local, taught.expected)
        signals.append(PassedOverSignal(VideoId(place.video_id), *position, *added))
    return factors, signals


def with_outcome(own: ActionSignal | UndoSignal, outcome: int, taught: Taught) -> ActionSignal | UndoSignal:
    """An action's own signal with its outcome, and with what was learned from it."""
    if isinstance(own, ActionSignal) and taught.expected:
        return replace(own, increments=taught.increments, outcome=outcome, expected=taught.expected)
    return replace(own, increments=taught.increments, outcome=outcome)


def learn_outcome(index: VideoIndex, weights: OutcomeWeights, factors: bytes, example: Example) -> Learned:
    """What an outcome teaches.

    Args:
        index: with the factor model.
        weights: before the outcome.
        factors: the user's, before the outcome.
        example: the outcome.
    """
    model, shown, before = index.factors, example.shown, users.decode(factors)
    rows = model.rows_of(index.row(example.video_id))
    item = model.item(rows) if shown is None else shown.item
    expected = model.chance(before, item, example.at) if example.local and example.impressions else 0.0
    offset = 0.0
    if example.local:
        local = local_log_odds(index, np.array([rows.video]), example.local) if shown is None else shown.local_rates
        offset = float(sum(local))
    user, added = model.learn(
        before,
        rows,
        item,
        example.outcome,
        example.at,
        example.weight,
        corrects=example.corrects,
        offset=offset,
    )
    if example.watched is not None:
        user, of_watch = learn_watch(model, user, rows, item, example.watched, index.action_weights.watch)
        added = ItemIncrements(*map(np.add, added, of_watch))
    if example.places is not None:
        weights = weights.learn(example.places)
    if example.impressions or example.likes:
        likes = max(0.0, user.likes + example.likes)
        user = user._replace(impressions=user.impressions + example.impressions, likes=likes)
    return Learned(Taught(users.encode(user), increments.pack(added), expected), weights)


def apply_shared(index: VideoIndex, video_id: str, packed: bytes) -> None:
    """Add the increments in a signal to what the video shares with others: its tags, its creator, the common bias.

    They are left out if the video's tags have changed since.
    """
    row = index.rows.get(video_id)
    if row is not None and are_valid(packed):
        rows, added = index.factors.rows_of(row), increments.unpack(packed)
        if added.tags.shape[1] == len(rows.tags):
            index.factors.apply_shared(rows, added)
