"""Collaborative: the item-item model that `recomind train` makes from the archive."""

from recomind.recommender.candidates.types import Candidates, Person, together
from recomind.recommender.index.video_index import VideoIndex


def propose(person: Person, index: VideoIndex) -> Candidates:
    """The sum of the model's lists of all remembered likes."""
    return together(filter(None, map(index.model.get, person.enjoyed)))
