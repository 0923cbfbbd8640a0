"""Collaborative: the item-item model that `recomind train` makes from the archive."""

from recomind.recommender.candidates.types import Candidates, UserContext, concatenate
from recomind.recommender.index.video_index import VideoIndex


def propose(user: UserContext, index: VideoIndex) -> Candidates:
    """The model's neighbours of all the user's recent positives, weights added up."""
    return concatenate(filter(None, map(index.model_neighbours.get, user.positives)))
