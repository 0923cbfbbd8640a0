"""A small evidence: three videos, a user who likes two of them."""

from struct import pack

from recomind.model.catalogue import Video
from recomind.recommender.explain.evidence import Evidence
from recomind.recommender.index.video_index import VideoIndex
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Counts, Popularity
from recomind.state.profile import Profile
from recomind.state.profile_entries import Like

NOW = 1_700_000_000.0


def evidence(**changes):
    index = VideoIndex()
    for video_id, tags in (("a", ("cat", "funny")), ("b", ("dog",)), ("c", ("cat", "dog", "sad"))):
        index.put_video(Video(video_id=video_id, title=video_id.upper(), tags=tags))
    given = {
        "profile": Profile(likes=(Like("b", NOW - 9), Like("a", NOW))),
        "catalogue": index,
        "neighbours": {
            "a": Neighbours(video_ids=("c",), weights=pack("<3I", 60, 0, 0)),
            "b": Neighbours(video_ids=("c",), weights=pack("<3I", 30, 120, 0)),
        },
        "popularity": {"c": Popularity(counts=Counts(2, 1, 0), hours={int(NOW // 3600) - 5: Counts(2, 1, 0)})},
        "now": NOW,
    }
    return Evidence(**{**given, **changes})
