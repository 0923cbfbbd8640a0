"""Learn from an outcome: what a user did with a video, be it one that was served or one found another way.

Every outcome teaches the factor model: the user's factors, and increments for the video, its creator and its tags. The
outcome of a served video is learned from the features as they were when it was served, and also teaches how much the
blend and the factor model count (`blend.outcomes`). Features of another video are those of the index, which must not
contain the outcome yet: learn before the action's signals are sent.
"""

from typing import NamedTuple

from recomind.model.events import Action
from recomind.recommender.blend.outcomes import OutcomeWeights
from recomind.recommender.factors import increments, users
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.served import ShownFeatures
from recomind.state.popularity import are_valid


class Learned(NamedTuple):
    """What an outcome teaches."""

    factors: bytes
    """The user's factors after it, for `Profile.factors`."""
    increments: bytes
    """For `ActionSignal.increments`."""
    weights: OutcomeWeights


def learn_outcome(
    index: VideoIndex, weights: OutcomeWeights, factors: bytes, action: Action, shown: ShownFeatures | None
) -> Learned:
    """What an action teaches.

    Args:
        index: with the factor model.
        weights: before the outcome.
        factors: the user's, before the outcome.
        action: the outcome.
        shown: the video's features when it was served; None if it was not served.
    """
    model, liked = index.factors, float(action.action_type == "like")
    rows = model.rows_of(index.row(action.video_id))
    item = model.item(rows) if shown is None else shown.item
    user, added = model.learn(users.decode(factors), rows, item, liked, action.timestamp)
    if shown is not None:
        weights = weights.learn(shown.choice, shown.factors, liked)
    return Learned(users.encode(user), increments.pack(added), weights)


def apply_shared(index: VideoIndex, video_id: str, packed: bytes) -> None:
    """Add the increments in a signal to what the video shares with others: its tags, its creator, the common bias.

    They are left out if the video's tags have changed since.
    """
    row = index.rows.get(video_id)
    if row is not None and are_valid(packed):
        rows, added = index.factors.rows_of(row), increments.unpack(packed)
        if added.tags.shape[1] == len(rows.tags):
            index.factors.apply_shared(rows, added)
