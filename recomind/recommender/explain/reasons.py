"""Why a video is in a list, in words for the user: one reason for each source that proposed it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from recomind.model.responses import Reason
from recomind.recommender.candidates.registry import STRATEGIES
from recomind.recommender.explain.evidence import (
    Evidence,
    counts,
    liked_around,
    liked_before,
    recently_liked_before,
    shared_tags,
    title,
)
from recomind.recommender.explain.trend import WINDOW_PHRASES
from recomind.state.popularity import Popularity

MAX_NAMED: Final = 2
"""Most videos, and most tags, that a reason names."""

MANY_LIKES: Final = 10
"""Likes from which on many like a video."""


class ReasonText(NamedTuple):
    """A reason's text, and what it names."""

    text: str
    videos: tuple[str, ...] = ()
    """Video ids."""
    tags: tuple[str, ...] = ()


def reasons(evidence: Evidence, video_id: str, sources: Mapping[str, float]) -> tuple[Reason, ...]:
    """The reasons for a video, strongest first.

    Args:
        evidence: what is known of the user and the videos.
        video_id: the video.
        sources: source to how strongly it proposed the video.
    """
    found = (_reason(evidence, video_id, source, strength) for source, strength in sources.items())
    return tuple(sorted(found, key=lambda reason: (-reason.strength, reason.source)))


def strategy_of(source: str) -> str:
    """The strategy that a source belongs to."""
    return next((name for name, members in STRATEGIES.items() if source in members), "hybrid")


def _reason(evidence: Evidence, video_id: str, source: str, strength: float) -> Reason:
    describe = DESCRIPTIONS.get(source)
    text = describe(evidence, video_id) if describe else ReasonText("Recommended for you")
    return Reason(source, strategy_of(source), strength, *text)


def _tags(evidence: Evidence, video_id: str) -> ReasonText:
    shared = shared_tags(evidence, video_id)[:MAX_NAMED]
    return ReasonText(f"You like {_join(shared)}" if shared else "Its tags are near those you like", (), tuple(shared))


def _liked_together(evidence: Evidence, video_id: str) -> ReasonText:
    seeds = [seed for seed, _ in liked_around(evidence, video_id)[:MAX_NAMED]]
    text = f"Liked by users who liked {_titles(evidence, seeds)}" if seeds else "Liked by users who like what you like"
    return ReasonText(text, tuple(seeds))


def _watched_next(evidence: Evidence, video_id: str) -> ReasonText:
    seeds = [seed for seed, _ in liked_before(evidence, video_id)[:1]]
    text = f"Often liked after {_titles(evidence, seeds)}" if seeds else "Often liked after what you liked last"
    return ReasonText(text, tuple(seeds))


def _watched_next_recent(evidence: Evidence, video_id: str) -> ReasonText:
    seeds = [seed for seed, _ in recently_liked_before(evidence, video_id)[:1]]
    named = _titles(evidence, seeds) if seeds else "what you liked last"
    return ReasonText(f"Recently often liked after {named}", tuple(seeds))


def _similar_users(evidence: Evidence, video_id: str) -> ReasonText:
    del evidence, video_id
    return ReasonText("Users with your taste liked it recently")


def _trained_model(evidence: Evidence, video_id: str) -> ReasonText:
    del evidence, video_id
    return ReasonText("Similar to the videos you like")


def _trending(evidence: Evidence, video_id: str) -> ReasonText:
    by_window = counts(evidence.popularity.get(video_id, _NO_POPULARITY), evidence.now)
    for window, actions in by_window.items():
        if actions.likes:
            return ReasonText(f"{actions.likes:,} like{'s' * (actions.likes != 1)} {WINDOW_PHRASES[window]}")
    return ReasonText("Popular with other users")


def _fresh(evidence: Evidence, video_id: str) -> ReasonText:
    del evidence, video_id
    return ReasonText("New: few have seen it yet")


def _titles(evidence: Evidence, video_ids: Iterable[str]) -> str:
    return _join([f"“{title(evidence, video_id)}”" for video_id in video_ids])


def _join(names: list[str]) -> str:
    return " and ".join(names)


_NO_POPULARITY: Final = Popularity()


def _factors(evidence: Evidence, video_id: str) -> ReasonText:
    if evidence.profile.action_count > 0:
        return ReasonText("Fits what you liked and what you skipped")
    counted = evidence.popularity.get(video_id, _NO_POPULARITY).counts
    if counted.likes >= MANY_LIKES and 2 * counted.likes >= counted.skips:
        return ReasonText("Many who come here like it")
    return ReasonText("Others here have liked it" if counted.likes else "Picked to find out what you like")


def _followed(evidence: Evidence, video_id: str) -> ReasonText:
    del evidence, video_id
    return ReasonText("From a creator or with a tag that you follow")


DESCRIPTIONS: Final[Mapping[str, Callable[[Evidence, str], ReasonText]]] = {
    "tags": _tags,
    "liked_together": _liked_together,
    "watched_next": _watched_next,
    "next_lately": _watched_next_recent,
    "similar_users": _similar_users,
    "retrained": _trained_model,
    "factors": _factors,
    "trending": _trending,
    "fresh": _fresh,
    "followed": _followed,
}
"""Source to what it says of a video; one for each of `registry.SOURCES`."""
