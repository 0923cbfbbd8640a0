"""Evidence for explanations: the user's actions, other users' likes, tags and counts."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from msgspec.structs import astuple

from recomind.model.action_types import FEEDBACK_TYPES
from recomind.model.catalogue import Video
from recomind.model.ids import VideoId
from recomind.model.responses import ActionCounts, ContributingAction
from recomind.model.text import tag_key
from recomind.recommender.candidates import tags
from recomind.recommender.candidates.types import MAX_SEEDS
from recomind.recommender.index.neighbours import epoch_decay
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.index.windowed_top import WINDOWS
from recomind.state.neighbours import WEIGHT_UNIT, Neighbours, PairWeights
from recomind.state.popularity import Popularity, window_counts
from recomind.state.profile import Profile

_NO_NEIGHBOURS: Final = Neighbours()


class Evidence(NamedTuple):
    """What is known of a user and of the videos in question."""

    profile: Profile
    catalogue: VideoIndex
    """For titles and tags."""
    neighbours: Mapping[str, Neighbours]
    """Of the user's latest likes."""
    popularity: Mapping[str, Popularity]
    """Of the videos of the list."""
    now: float
    """Event time, epoch seconds."""


def counts(popularity: Popularity, now: float) -> dict[str, ActionCounts]:
    """A video's actions in each of `WINDOWS`."""
    return {name: ActionCounts(*astuple(window_counts(popularity, seconds, now))) for name, seconds in WINDOWS.items()}


def liked_around(evidence: Evidence, video_id: str) -> list[tuple[str, float]]:
    """The user's likes that have the video as a neighbour, with the weight in both directions, strongest first."""
    return _strongest_first({seed: pair.after + pair.before for seed, _, pair in _pairs(evidence, video_id)})


def liked_before(evidence: Evidence, video_id: str) -> list[tuple[str, float]]:
    """The user's likes after which others liked the video, with the weight of these transitions, strongest first."""
    return _strongest_first({seed: pair.after for seed, _, pair in _pairs(evidence, video_id)})


def recently_liked_before(evidence: Evidence, video_id: str) -> list[tuple[str, float]]:
    """As `liked_before`, with weights decayed to now."""
    weights = {}
    for seed, neighbours, pair in _pairs(evidence, video_id):
        weights[seed] = pair.recent_after * float(epoch_decay(neighbours.epoch, evidence.now))
    return _strongest_first(weights)


def contributing_actions(evidence: Evidence, video_id: str) -> tuple[ContributingAction, ...]:
    """The user's actions on neighbours of the video and on videos that share tags with it, latest first."""
    profile = evidence.profile
    actions = [(liked.video_id, "like", liked.timestamp) for liked in profile.likes]
    actions += [(reaction.video_id, reaction.action_type, reaction.timestamp) for reaction in profile.reactions]
    actions += [(one.video_id, FEEDBACK_TYPES[one.code], one.timestamp) for one in profile.feedback]
    video_tags, weights = set(map(tag_key, tags_of(evidence, video_id))), dict(liked_around(evidence, video_id))
    found = []
    for other, action_type, at in sorted(actions, key=lambda action: -action[2]):
        together = weights.get(other, 0.0) / WEIGHT_UNIT if action_type == "like" else 0.0
        shared = tuple(tag for tag in tags_of(evidence, other) if tag_key(tag) in video_tags)
        if other != video_id and (together or shared):
            found.append(ContributingAction(other, title(evidence, other), action_type, at, round(together, 2), shared))
    return tuple(found)


def count_similar_likers(evidence: Evidence, video_id: str) -> int:
    """How many recent likers of the video are also recent likers of a video that the user likes.

    The evidence must hold the video's own neighbours, too.
    """
    video_likers = {liker.user_id for liker in evidence.neighbours.get(video_id, _NO_NEIGHBOURS).likers}
    likes = (liked.video_id for liked in evidence.profile.likes)
    likers = {liker.user_id for seed in likes for liker in evidence.neighbours.get(seed, _NO_NEIGHBOURS).likers}
    return len(video_likers & likers)


def shared_tags(evidence: Evidence, video_id: str) -> list[str]:
    """The video's tags that are among the user's top tags, strongest first."""
    video_tags, n = {tag_key(tag): tag for tag in tags_of(evidence, video_id)}, len(evidence.catalogue.tag_rows)
    top_keys = (tag_key(tag) for tag, _ in tags.top_tags(evidence.profile, evidence.catalogue, n))
    return [video_tags[key] for key in top_keys if key in video_tags]


def title(evidence: Evidence, video_id: str) -> str:
    """The title of a video; its id if it is not in the catalogue."""
    video = video_of(evidence, video_id)
    return video.title if video else video_id


def tags_of(evidence: Evidence, video_id: str) -> tuple[str, ...]:
    """The tags of a video; none if it is not in the catalogue."""
    video = video_of(evidence, video_id)
    return video.tags if video else ()


def _pairs(evidence: Evidence, video_id: str) -> Iterator[tuple[str, Neighbours, PairWeights]]:
    """The user's latest likes that may be shown, latest first: each with its neighbours, its weights with the video."""
    for liked in evidence.profile.likes[: -MAX_SEEDS - 1 : -1]:
        if evidence.catalogue.listed_video(liked.video_id) is None:
            continue
        neighbours = evidence.neighbours.get(liked.video_id, _NO_NEIGHBOURS)
        yield liked.video_id, neighbours, neighbours.weights_of(VideoId(video_id))


def _strongest_first(weights: Mapping[str, float]) -> list[tuple[str, float]]:
    """Sort (video id, weight), without zeros."""
    found = [(video_id, float(weight)) for video_id, weight in weights.items() if weight]
    return sorted(found, key=lambda entry: (-entry[1], entry[0]))


def video_of(evidence: Evidence, video_id: str) -> Video | None:
    """The catalogue's entry of a video; None if there is none."""
    return evidence.catalogue.videos.get(evidence.catalogue.rows.get(video_id, -1))
