"""A slate: the ordered list of videos for a user, each with the sources that proposed it."""

from typing import Final

import msgspec

from recomind.recommender.policy.rule_effects import RuleEffects

DRAWN_SOURCES: Final = {"fresh": 1.0}
"""The sources of a video in a place that was drawn for a new upload."""


class Pick(msgspec.Struct, frozen=True, gc=False):
    """A recommended video."""

    video_id: str
    score: float
    """The blend's score; larger is better."""
    sources: dict[str, float]
    """Source to its score, 1 for the source's best candidate."""


class Slate(msgspec.Struct, frozen=True, gc=False):
    """A user's slate, best first."""

    picks: tuple[Pick, ...] = ()
    as_of: float = 0.0
    """Event time for which it was ranked, epoch seconds."""
    version: int = 0
    """Version of the weights it was ranked with."""
    shown: bytes = b""
    """What outcomes are learned from, see `served.ShownFeatures`; a row a pick."""
    place_sources: bytes = b""
    """Which sources proposed each pick, see `recommender.place_sources`."""
    effects: RuleEffects | None = None
    """What rules did; None where none act."""
    is_ranker_left_out: bool = False
    """Whether the policy names a ranker that did not order it, since it failed, is suspended or missing."""
