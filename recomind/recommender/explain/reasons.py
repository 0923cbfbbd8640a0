"""Why a video is in a list, in words that a person understands: one reason for each source that proposed it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from recomind.model.responses import Reason
from recomind.recommender.candidates.registry import STRATEGIES
from recomind.recommender.explain.evidence import Evidence, counts, seeds, shared_tags, title
from recomind.recommender.explain.trend import SPOKEN
from recomind.state.popularity import Popularity

MOST: Final = 2
"""Most videos, and most tags, that a reason names."""


class Words(NamedTuple):
    """A reason's text, and what it names."""

    text: str
    videos: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


def reasons(evidence: Evidence, video_id: str, sources: Mapping[str, float]) -> tuple[Reason, ...]:
    """The reasons for a video, the strongest first.

    Args:
        evidence: what is known of the person and the videos.
        video_id: which video.
        sources: source to how strongly it proposed the video.
    """
    found = (_reason(evidence, video_id, source, strength) for source, strength in sources.items())
    return tuple(sorted(found, key=lambda reason: (-reason.strength, reason.source)))


def strategy_of(source: str) -> str:
    """The strategy that a source belongs to."""
    return next((name for name, members in STRATEGIES.items() if source in members), "hybrid")


def _reason(evidence: Evidence, video_id: str, source: str, strength: float) -> Reason:
    say = _WORDS.get(source)
    words = say(evidence, video_id) if say else Words(f"Proposed by {source.replace('_', ' ')}")
    return Reason(source, strategy_of(source), strength, *words)


def _tags(evidence: Evidence, video_id: str) -> Words:
    shared = shared_tags(evidence, video_id)[:MOST]
    return Words(f"You like {_listed(shared)}" if shared else "Near the tags you like", (), tuple(shared))


def _liked_together(evidence: Evidence, video_id: str) -> Words:
    found = [seed for seed, _ in seeds(evidence, video_id)[:MOST]]
    text = f"Liked by people who liked {_titles(evidence, found)}" if found else "Liked together with what you like"
    return Words(text, tuple(found))


def _watched_next(evidence: Evidence, video_id: str) -> Words:
    found = [seed for seed, _ in seeds(evidence, video_id, after=True)[:1]]
    text = f"Often liked after {_titles(evidence, found)}" if found else "Often liked after what you liked last"
    return Words(text, tuple(found))


def _similar_users(evidence: Evidence, video_id: str) -> Words:
    del evidence, video_id
    return Words("People with your taste liked it lately")


def _retrained(evidence: Evidence, video_id: str) -> Words:
    del evidence, video_id
    return Words("Close to your likes in the trained model")


def _trending(evidence: Evidence, video_id: str) -> Words:
    known = counts(evidence.popularity.get(video_id, _UNKNOWN), evidence.now)
    for name, counted in known.items():
        if counted.likes:
            return Words(f"{counted.likes:,} like{'s' * (counted.likes != 1)} {SPOKEN[name]}")
    return Words("Popular")


def _fresh(evidence: Evidence, video_id: str) -> Words:
    del evidence, video_id
    return Words("New: few have seen it yet")


def _titles(evidence: Evidence, video_ids: Iterable[str]) -> str:
    return _listed([f"“{title(evidence, video_id)}”" for video_id in video_ids])


def _listed(names: list[str]) -> str:
    return " and ".join(names)


_UNKNOWN: Final = Popularity()
_WORDS: Final[Mapping[str, Callable[[Evidence, str], Words]]] = {
    "tags": _tags,
    "liked_together": _liked_together,
    "watched_next": _watched_next,
    "similar_users": _similar_users,
    "retrained": _retrained,
    "trending": _trending,
    "fresh": _fresh,
}
