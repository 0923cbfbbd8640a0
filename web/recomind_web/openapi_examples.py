"""Example values for the OpenAPI document: request and response bodies, path parameters, and errors."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from recomind.model.action_weights import ActionWeights
from recomind.model.catalogue import VideoDetails, VideoEntry, VideoSummary
from recomind.model.events import VideoAction
from recomind.model.experiment_responses import ArmFigures, Difference, ExperimentChange, ExperimentFigures, SampleRatio
from recomind.model.experiments import Arm, Experiment
from recomind.model.receipts import (
    ChangeProgress,
    ChangeReceipt,
    ErasureProgress,
    ErasureReceipt,
    MergeProgress,
    MergeReceipt,
    SessionToMerge,
)
from recomind.model.responses import (
    ActionCounts,
    ActionOutcome,
    BlendExplanation,
    ChangedSetting,
    ContributingAction,
    Explanation,
    FeatureContribution,
    Feed,
    FeedVideo,
    LiveSettingValues,
    Problem,
    ProfileSummary,
    Reason,
    SettingsChange,
    SimilarUser,
    Takedowns,
    TrendingVideo,
)
from recomind.model.rule_responses import PreviewVideo, RulebookChange, RuleEntry, RulePreview, ScenarioEntry
from recomind.model.rules import Rule, Scenario
from recomind.model.users import UserDetails, UserEntry
from recomind_web.health import Readiness


class Example(NamedTuple):
    """Example bodies of an endpoint."""

    response: Any
    body: Any = None
    """Body of the request."""


PATH_PARAMETERS: Final = {
    "user_id": "u1",
    "video_id": "v1",
    "name": "feed.js",
    "receipt": "3:1044",
    "session": "session:7f3a",
    "rule_id": "R7",
    "scenario": "kids",
    "experiment": "more-new",
}
"""Path parameter to an example of it."""

NOON: Final = datetime(2026, 11, 24, 12, tzinfo=UTC)
CAT: Final = VideoSummary("v1", "Cat on a skateboard", "https://example.com/watch/v1", ("funny", "cat"))
CAT_ENTRY: Final = VideoEntry(CAT.video_id, CAT.title, CAT.url, CAT.tags, "c1", NOON)
DANCE: Final = VideoSummary("v2", "Kitchen dance", "https://example.com/watch/v2", ("dance", "funny"))
LIKE: Final = {"user_id": "u1", "video_id": "v1", "action_type": "like"}
VIEW_WITH_EVENT_ID: Final = VideoAction(
    user_id="u1",
    video_id="v2",
    action_type="view",
    timestamp=NOON,
    event_id=UUID("0f8fad5b-d9cb-469f-a165-70867728950e"),
    watched_ms=14_200,
    duration_ms=21_000,
    position=3,
    context={"device": "phone", "country": "DE"},
)
TAG_REASON: Final = Reason("tags", "content-based", 1.0, "You like funny", tags=("funny",))
LIKED_TOGETHER_REASON: Final = Reason(
    "liked_together", "collaborative", 0.8, "Liked by users who liked “Cat on a skateboard”", videos=("v1",)
)
REASONS: Final = (TAG_REASON, LIKED_TOGETHER_REASON)
COUNTS: Final = {"1h": ActionCounts(3, 20, 4), "24h": ActionCounts(41, 230, 55), "7d": ActionCounts(180, 990, 300)}
FEED_VIDEO: Final = FeedVideo(DANCE.video_id, DANCE.title, DANCE.url, DANCE.tags, REASONS, COUNTS)
LIST_ID: Final = "5f2c9a1be07d4c33"
FEED: Final = Feed(
    "u1", "cache", NOON.timestamp(), {"3": 1042}, 5120, ("funny", "cat"), 1, 4, 2, (FEED_VIDEO,), LIST_ID
)
TRENDING_FEED: Final = Feed("", "cache", NOON.timestamp(), {}, 5120, (), 0, 0, 0, (FEED_VIDEO,))

ADA: Final = UserEntry("u1", "Ada", country="DE", birth_year=1990, blocked_tags=("prank",))

EXPLANATION: Final = Explanation(
    "u1",
    "v2",
    True,
    "listed",
    "listed: place 1 of 50",
    {"content-based": ["tags"], "collaborative": ["liked_together"]},
    {"tags": 1.0, "liked_together": 0.8},
    REASONS,
    ["funny"],
    17,
    COUNTS,
    (ContributingAction("v1", "Cat on a skateboard", "like", NOON.timestamp(), 0.8, ("funny",)),),
    BlendExplanation(5120, "1 to 4 likes", 420, 1, 2.31, 0.64, (FeatureContribution("tags", 1.0, 0.2, 0.9, 0.72),)),
    (),
)

RULE: Final = Rule(action="filter", where="label:sponsored", scenarios=("kids",), note="No advertising for children")
RULE_ENTRY: Final = RuleEntry("R7", RULE, True, 140, 311, "operator", NOON.timestamp())
KIDS: Final = Scenario(filter="age:..6", sources=("trending", "tags"), spread=0.3)
KIDS_ENTRY: Final = ScenarioEntry("kids", KIDS, "operator", NOON.timestamp())
WEIGHTS: Final = ActionWeights(share=1.5)
SETTINGS_CHANGE: Final = SettingsChange(action_weights=WEIGHTS)
SETTINGS: Final = LiveSettingValues(
    SettingsChange(action_weights=WEIGHTS, exploration=0.06),
    SettingsChange(action_weights=ActionWeights(), exploration=0.06),
    (ChangedSetting("action_weights", msgspec.to_builtins(WEIGHTS), "operator", NOON.timestamp()),),
)

EXPERIMENT: Final = Experiment(arms=(Arm(name="A"), Arm(name="B", exploration=0.1)))
FIGURES: Final = ExperimentFigures(
    "more-new",
    EXPERIMENT,
    True,
    NOON.timestamp(),
    (
        ArmFigures("A", 10_020, False, 801_600, 80_160, 0.1, 0.55, 0.31, 0.0, 11_800, 40_080, 0.0, ""),
        ArmFigures("B", 9_980, False, 798_400, 81_800, 0.1025, 0.551, 0.308, 0.0, 12_400, 39_920, 0.0004, ""),
    ),
    (Difference("B", "like_rate", 0.0025, 0.0004, 0.0046, "better"),),
    SampleRatio(True, 1.0, (10_000.0, 10_000.0)),
    None,
    "operator",
    NOON.timestamp(),
)

EXAMPLES: Final = {
    "recommendations": Example([DANCE, CAT]),
    "post_action": Example(ActionOutcome(202, "3:1042"), LIKE),
    "post_actions": Example([ActionOutcome(202, "3:1042"), ActionOutcome(202, "3:1043")], [LIKE, VIEW_WITH_EVENT_ID]),
    "trending": Example([CAT, DANCE]),
    "trending_details": Example([TrendingVideo("v1", CAT.title, CAT.url, CAT.tags, 41, 230, 55, 2.5, 1.46)]),
    "put_video": Example(CAT_ENTRY, VideoDetails(title=CAT.title, url=CAT.url, tags=CAT.tags, creator_id="c1")),
    "get_video": Example(CAT_ENTRY),
    "similar_videos": Example([DANCE]),
    "put_user": Example(ADA, UserDetails(name="Ada", country="DE", birth_year=1990, blocked_tags=("prank",))),
    "get_user": Example(ADA),
    "delete_video": Example(ChangeReceipt("skate-cat", "2:17", NOON)),
    "change_progress": Example(ChangeProgress("skate-cat", "2:17", "pending", ["lists"])),
    "forget": Example(ErasureReceipt("u1", "3:1044", NOON)),
    "forgetting": Example(ErasureProgress("u1", "3:1044", "pending", ["archive", "2"])),
    "merge": Example(MergeReceipt("u1", "session:7f3a", "3:1044", NOON), SessionToMerge("session:7f3a")),
    "merge_progress": Example(MergeProgress("u1", "session:7f3a", "3:1044", "pending", ["person", "2"])),
    "get_profile": Example(ProfileSummary("u1", ["funny", "cat"], ["v1"], 1, 4, 2)),
    "similar_people": Example([SimilarUser("u2", 0.5)]),
    "explain": Example(EXPLANATION),
    "trending_feed": Example(TRENDING_FEED),
    "feed": Example(FEED),
    "takedowns": Example(Takedowns(["v7", "v3"], NOON.timestamp())),
    "get_rules": Example([RULE_ENTRY]),
    "put_rule": Example(RULE_ENTRY, RULE),
    "delete_rule": Example(RULE_ENTRY),
    "preview_rule": Example(
        RulePreview(
            "R7", "u1", "default", (PreviewVideo("v1", CAT.title, True),), (PreviewVideo("v2", DANCE.title, False),)
        )
    ),
    "get_scenarios": Example([KIDS_ENTRY]),
    "put_scenario": Example(KIDS_ENTRY, KIDS),
    "delete_scenario": Example(KIDS_ENTRY),
    "rulebook_history": Example([RulebookChange("rule", "R7", RULE, None, "operator", NOON.timestamp())]),
    "get_experiments": Example([FIGURES]),
    "get_experiment": Example(FIGURES),
    "put_experiment": Example(FIGURES, EXPERIMENT),
    "delete_experiment": Example(FIGURES),
    "experiment_history": Example([ExperimentChange("more-new", EXPERIMENT, {}, "operator", NOON.timestamp())]),
    "get_settings": Example(SETTINGS),
    "put_settings": Example(SETTINGS, SETTINGS_CHANGE),
    "settings_history": Example(SETTINGS.changes),
    "healthz": Example({"status": "ok"}),
    "readyz": Example(Readiness("ready")),
}
"""Name of a handler to its example."""

PROBLEMS: Final = {
    400: ("Object missing required field `user_id`", "user_id"),
    401: ("an API key is required: Authorization: Bearer KEY, or X-API-Key: KEY", None),
    403: ("this key lacks the scope write", None),
    404: ("there is no such video in the catalogue: PUT it first", None),
    410: ("this feed session has expired: send an empty cursor to start another one", None),
    413: ("Maximum request body size 1048576 exceeded, actual body size 2097152", None),
    429: ("the limit is 100 requests per second: retry in 0.52 s", None),
    503: ("PostgreSQL does not answer: timed out", None),
}
"""Status of an error to its detail and the field at fault, if any."""


def problem_example(status: int) -> Problem:
    """An example of the error with a status."""
    detail, field = PROBLEMS[status]
    return Problem(status=status, title=HTTPStatus(status).phrase, detail=detail, field=field)
