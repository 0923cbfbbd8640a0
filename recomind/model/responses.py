"""Responses of the HTTP endpoints: used by the handlers, by the client, and for the schemas of the OpenAPI description.

What belongs here: the shapes of responses. Field names are JSON field names, and the text below a field becomes its
description in OpenAPI.
"""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from recomind.model.action_weights import ActionWeights
from recomind.model.catalogue import VideoSummary
from recomind.model.live_settings import MAX_EXPLORATION


class ActionCounts(msgspec.Struct, frozen=True):
    """How often a video was liked, viewed and skipped."""

    likes: int = 0
    """How many users liked it; each counts once for a video."""
    views: int = 0
    skips: int = 0


class ContributingAction(msgspec.Struct, frozen=True):
    """An action of the user that speaks for a video, or against it."""

    video_id: str
    title: str
    action_type: str
    at: float
    """Event time, epoch seconds."""
    together: float
    """How strongly users like this video together with the explained one: 1 for each user who liked them in a row."""
    tags: tuple[str, ...]
    """Tags that both videos have."""


class Reason(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why one source proposed a video."""

    source: str
    strategy: str
    strength: float
    """Relative to the source's best candidate: 1 for that one."""
    text: str
    videos: tuple[str, ...] = ()
    """The user's likes that led to it."""
    tags: tuple[str, ...] = ()
    """The user's preferred tags that led to it."""


class FeatureContribution(msgspec.Struct, frozen=True):
    """A feature of a candidate, and its effect on the score."""

    name: str
    value: float
    average: float
    """Mean over all candidates."""
    weight: float
    """Change of the score per unit of the feature."""
    contribution: float
    """Change of the score by the difference between value and average."""


class TrendingVideo(VideoSummary, frozen=True):
    """A video, and how it trends in a window."""

    likes: int
    """How many users liked it; each counts once for a video."""
    views: int
    skips: int
    likes_per_hour: float
    """In the latest sixth of the window: the latest 10 minutes, 4 hours or 28 hours."""
    rising: float
    """That rate divided by the rate of the whole window: 1 is steady, above 1 rising, below 1 falling."""


class ActionOutcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether an action was accepted."""

    status: int
    """202: Kafka has stored it. 400: it was rejected."""
    token: str | None = None
    """Its position in the log, `partition:offset`."""
    detail: str = ""
    field: str | None = None
    note: str = ""
    """What the sender should know of an accepted action: its video is not in the catalogue."""


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An error, as in RFC 9457."""

    status: int
    title: str
    detail: str = ""
    field: str | None = None
    type: str = "about:blank"


class ProfileSummary(msgspec.Struct, frozen=True):
    """A user's preferred tags, recent likes and counts."""

    user_id: str
    top_tags: list[str]
    recent_likes: list[str]
    """Video ids, the latest first."""
    likes: int
    views: int
    skips: int


class SimilarUser(msgspec.Struct, frozen=True):
    """A user who recently liked the same videos."""

    user_id: str
    similarity: float


class FeedVideo(VideoSummary, frozen=True):
    """A video, and why it is in the list."""

    reasons: tuple[Reason, ...]
    """The strongest first."""
    counts: dict[str, ActionCounts]
    """Window to the counts of actions in it."""
    creator_id: str | None = None
    duration_ms: int | None = None
    """Its length, in milliseconds, where it is known."""
    thumbnail_url: str = ""
    """A still picture of it; empty if there is none."""


class Feed(msgspec.Struct, frozen=True):
    """A list with explanations."""

    user_id: str
    """The user; empty for trending."""
    source: str
    """`cache`, `cold` (ranked on request) or `archive` (Redis is unavailable)."""
    as_of: float
    """Event time for which it was ranked, epoch seconds."""
    counted: dict[str, int]
    """Partition to the offset of the user's last action that the list includes: compare it with an action's token."""
    version: int
    """Version of the blend's weights."""
    top_tags: tuple[str, ...]
    likes: int
    views: int
    skips: int
    videos: tuple[FeedVideo, ...]
    list_id: str = ""
    """The id of the list; empty for trending. An action on one of its videos may carry it."""
    cursor: str = ""
    """In a feed session: to be sent for the next page. Sent again, it gets that page again."""
    end: bool = False
    """Whether there are fewer videos than asked for because no other is left that the user has not seen."""
    may_repeat: bool = False
    """Whether a video of an earlier page of the session may come again: what it has shown is unknown, as Redis and
    PostgreSQL were unavailable."""


class Takedowns(msgspec.Struct, frozen=True):
    """Videos that were taken down lately."""

    video_ids: list[str]
    """All of them, the earliest takedown first; those that are listed again are left out."""
    at: float
    """When this was the case, epoch seconds: to be sent as `since` next time."""


class BlendExplanation(msgspec.Struct, frozen=True):
    """How the blend ranks a candidate now."""

    version: int
    """How many likes the weights have been trained on."""
    segment: str
    """The segment of users, by number of likes, whose weights rank it."""
    candidates: int
    rank: int | None
    """Among the candidates; null if the video is not one of them."""
    score: float | None
    needed: float | None
    """The lowest score in the list."""
    features: tuple[FeatureContribution, ...]
    """The largest contributions first."""


class Explanation(msgspec.Struct, frozen=True):
    """Why a video is in a user's list, or why it is not."""

    user_id: str
    video_id: str
    listed: bool
    """Whether it is in the user's stored list; if there is none, in the list that would be ranked now."""
    verdict: str
    """`listed`, `seen`, `unknown`, `hidden`, `filtered`, `not proposed`, `crowded out`, `capped` or `outranked`;
    `not drawn` in the control group."""
    reason: str
    strategies: dict[str, list[str]]
    """Strategy to those of its sources that proposed the video."""
    sources: dict[str, float]
    """Source to the strength of its proposal, relative to its best candidate: 1 for that one."""
    reasons: tuple[Reason, ...]
    """The sources in words, the strongest first."""
    tags_in_common: list[str]
    people_in_common: int
    """How many users recently liked both the video and some of the videos that this user likes."""
    popularity: dict[str, ActionCounts]
    """Window to likes, views and skips."""
    actions: tuple[ContributingAction, ...]
    """The user's actions that contribute, the latest first."""
    blend: BlendExplanation
    capped_by: tuple[str, ...]
    """If the verdict is `capped`: the listed videos of the same creator, or with the same tag."""
    control: bool = False
    """Whether the user belongs to the control group: then the list is random, and the blend does not order it."""
    left_out: tuple[str, ...] = ()
    """Rankers, extensions and named sources that a list ranked now lacks, each with the reason: faults, a suspension,
    or a ranker with sources of its own."""
    arms: dict[str, str] = {}
    """Experiment to the user's arm, under which the list is ranked."""


class SettingsChange(msgspec.Struct, frozen=True, kw_only=True):
    """Settings by name; one that is left out stays as it is, and null stands for the value at the start of workers."""

    action_weights: ActionWeights | UnsetType | None = UNSET
    """How much each action counts, by its type, relative to a like: from -5 to 5."""
    exploration: Annotated[float, msgspec.Meta(ge=0.0, le=MAX_EXPLORATION)] | UnsetType | None = UNSET
    """Share of places that are drawn for new uploads."""


class ChangedSetting(msgspec.Struct, frozen=True):
    """A change of a setting."""

    name: str
    value: Any
    """Null for the value with which workers are started."""
    changed_by: str
    """Name of the API key; empty where requests need none."""
    changed_at: float
    """Epoch seconds."""


class LiveSettingValues(msgspec.Struct, frozen=True):
    """Settings that can be changed while workers run."""

    settings: SettingsChange
    """As they are now."""
    defaults: SettingsChange
    """As this worker was started."""
    changes: tuple[ChangedSetting, ...]
    """The latest change of each setting that was ever changed."""
