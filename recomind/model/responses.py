"""What the HTTP endpoints answer: shared by the handlers, the OpenAPI description made of them, and the client.

What belongs here: the shapes of answers, as values. The parts of an answer that the core decides are defined there.
"""

from datetime import datetime

import msgspec

from recomind.model.catalogue import Card


class Counted(msgspec.Struct, frozen=True):
    """How often a video was liked, viewed and skipped."""

    likes: int = 0
    views: int = 0
    skips: int = 0


class Behind(msgspec.Struct, frozen=True):
    """An action of the person that speaks for a video, or against it."""

    video_id: str
    title: str
    action_type: str
    at: float
    """Event time, epoch seconds."""
    together: float
    """How strongly the video is liked together with this one; 1 for each person who liked them in a row."""
    tags: tuple[str, ...]
    """Tags that both carry."""


class Reason(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one source says of a video."""

    source: str
    strategy: str
    strength: float
    """1 for the source's best candidate."""
    text: str
    videos: tuple[str, ...] = ()
    """The person's likes behind it."""
    tags: tuple[str, ...] = ()
    """The person's tags behind it."""


class Feature(msgspec.Struct, frozen=True):
    """What the blend knows of a candidate in one respect."""

    name: str
    value: float
    average: float
    """Over all candidates."""
    weight: float
    """What one more of it adds to the score."""
    contribution: float
    """What its difference from the average adds to the score."""


class Trend(Card, frozen=True):
    """A video, and how it trends in a window."""

    likes: int
    views: int
    skips: int
    likes_per_hour: float
    """In the latest sixth of the window: the latest 10 minutes, 4 hours or 28 hours."""
    rising: float
    """That speed relative to the whole window's: 1 steady, above it rising, below it falling."""


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of an action."""

    status: int
    """202: Kafka has it. 400: it was not taken."""
    token: str | None = None
    """Its place in the log, `partition:offset`."""
    detail: str = ""
    field: str | None = None


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong."""

    status: int
    title: str
    detail: str = ""
    field: str | None = None
    type: str = "about:blank"


class Receipt(msgspec.Struct, frozen=True):
    """A person is to be forgotten."""

    user_id: str
    receipt: str
    """Where in the log it was asked for, `partition:offset`: what she did before is forgotten."""
    at: datetime


class Progress(msgspec.Struct, frozen=True):
    """How far it has come."""

    user_id: str
    receipt: str
    state: str
    """`pending` or `done`."""
    waits_for: list[str]
    """What has not forgotten her yet: `person` (profile and lists), `archive` (PostgreSQL), partitions of videos."""


class ProfileAnswer(msgspec.Struct, frozen=True):
    """What is known of a person."""

    user_id: str
    top_tags: list[str]
    recent_likes: list[str]
    """Video ids, the latest first."""
    likes: int
    views: int
    skips: int


class SimilarUser(msgspec.Struct, frozen=True):
    """A person who lately liked the same."""

    user_id: str
    similarity: float


class FeedCard(Card, frozen=True):
    """A video, and why it is in the list."""

    reasons: tuple[Reason, ...]
    """The strongest first."""
    counts: dict[str, Counted]
    """Window to what was done in it."""


class Feed(msgspec.Struct, frozen=True):
    """A list that says why."""

    user_id: str
    """Whose it is; empty: trending."""
    source: str
    """`cache`, `cold` (ranked now) or `archive` (Redis is away)."""
    as_of: float
    """Event time for which it was ranked, epoch seconds."""
    counted: dict[str, int]
    """Partition to the last offset of the person's actions that it counts: compare with an action's token."""
    version: int
    """Of the blend's weights."""
    top_tags: tuple[str, ...]
    likes: int
    views: int
    skips: int
    videos: tuple[FeedCard, ...]


class Blend(msgspec.Struct, frozen=True):
    """How the candidate fared in the blend, as of now."""

    version: int
    """Likes the weights have been learned from."""
    segment: str
    """Whose weights ranked it: people with so many likes."""
    candidates: int
    rank: int | None
    """Among the candidates; null: it was none of them."""
    score: float | None
    needed: float | None
    """The lowest score in the list."""
    features: tuple[Feature, ...]
    """Those that matter most first."""


class Explanation(msgspec.Struct, frozen=True):
    """Why a person is shown a video, or is not."""

    user_id: str
    video_id: str
    listed: bool
    """Whether it is in the person's stored list; where there is none, in the one that would be made now."""
    verdict: str
    """`listed`, `seen`, `unknown`, `not proposed`, `crowded out`, `capped` or `outranked`."""
    reason: str
    strategies: dict[str, list[str]]
    """Strategy to the sources of it that proposed the video."""
    sources: dict[str, float]
    """Source to how strongly it proposed the video, 1 for its best candidate."""
    reasons: tuple[Reason, ...]
    """The sources in words, the strongest first."""
    tags_in_common: list[str]
    people_in_common: int
    """How many lately liked both the video and some of what the person likes."""
    popularity: dict[str, Counted]
    """Window to likes, views and skips."""
    actions: tuple[Behind, ...]
    """The person's actions behind it, the latest first."""
    blend: Blend
    capped_by: tuple[str, ...]
    """For a capped video: those of the same creator that are listed."""
