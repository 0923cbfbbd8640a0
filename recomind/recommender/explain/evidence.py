"""What speaks for a video, or against it: a person's actions, other people's, tags and counts."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from msgspec.structs import astuple

from recomind.model.catalogue import Video
from recomind.model.responses import Behind, Counted
from recomind.recommender.candidates import tags
from recomind.recommender.candidates.types import SEEDS
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.index.windowed_top import WINDOWS
from recomind.state.neighbours import UNIT, Neighbours
from recomind.state.popularity import Popularity, window
from recomind.state.profile import Profile

_ALONE: Final = Neighbours()


class Evidence(NamedTuple):
    """What is known of a person and of the videos in question."""

    profile: Profile
    catalogue: VideoIndex
    """Titles and tags."""
    neighbours: Mapping[str, Neighbours]
    """Of the person's latest likes."""
    popularity: Mapping[str, Popularity]
    """Of the videos of the list."""
    now: float
    """Event time, epoch seconds."""


def counts(popularity: Popularity, now: float) -> dict[str, Counted]:
    """What was done with a video in each of `WINDOWS`."""
    return {name: Counted(*astuple(window(popularity, seconds, now))) for name, seconds in WINDOWS.items()}


def seeds(evidence: Evidence, video_id: str, *, after: bool = False) -> list[tuple[str, float]]:
    """The person's latest likes in whose company the video is, with how strongly, the strongest first.

    Args:
        evidence: what is known of the person and the videos.
        video_id: which video.
        after: count only likes of the video that came after those of the seed.
    """
    found: list[tuple[str, float]] = []
    for liked in evidence.profile.likes[: -SEEDS - 1 : -1]:
        pair = evidence.neighbours.get(liked.video_id, _ALONE).pair(video_id)
        strength = pair.after if after else pair.after + pair.before
        if strength:
            found.append((liked.video_id, float(strength)))
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))


def actions_behind(evidence: Evidence, video_id: str) -> tuple[Behind, ...]:
    """The person's actions on videos that share company or tags with this one, the latest first."""
    profile = evidence.profile
    done = [(liked.video_id, "like", liked.timestamp) for liked in profile.likes]
    done += [(reaction.video_id, reaction.action_type, reaction.timestamp) for reaction in profile.reactions]
    carried, near = set(tags_of(evidence, video_id)), dict(seeds(evidence, video_id))
    found = []
    for other, kind, at in sorted(done, key=lambda action: -action[2]):
        together = near.get(other, 0.0) / UNIT if kind == "like" else 0.0
        shared = tuple(tag for tag in tags_of(evidence, other) if tag in carried)
        if other != video_id and (together or shared):
            found.append(Behind(other, title(evidence, other), kind, at, round(together, 2), shared))
    return tuple(found)


def people_behind(evidence: Evidence, video_id: str) -> int:
    """How many of those who lately liked the video lately liked some of what the person likes.

    The evidence must hold the video's own company, too.
    """
    lately = {liker.user_id for liker in evidence.neighbours.get(video_id, _ALONE).likers}
    likes = (liked.video_id for liked in evidence.profile.likes)
    near = {liker.user_id for seed in likes for liker in evidence.neighbours.get(seed, _ALONE).likers}
    return len(lately & near)


def shared_tags(evidence: Evidence, video_id: str) -> list[str]:
    """The video's tags that are among the person's top tags, the person's favourite first."""
    carried, every = tags_of(evidence, video_id), len(evidence.catalogue.tag_rows)
    return [tag for tag, _ in tags.top(evidence.profile, evidence.catalogue, every) if tag in carried]


def title(evidence: Evidence, video_id: str) -> str:
    """What a video is called; its id where it is not in the catalogue."""
    video = _video(evidence, video_id)
    return video.title if video else video_id


def tags_of(evidence: Evidence, video_id: str) -> tuple[str, ...]:
    """The tags a video carries."""
    video = _video(evidence, video_id)
    return video.tags if video else ()


def _video(evidence: Evidence, video_id: str) -> Video | None:
    return evidence.catalogue.videos.get(evidence.catalogue.rows.get(video_id, -1))
