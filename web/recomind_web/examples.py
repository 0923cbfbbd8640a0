"""An example of what each endpoint takes and answers, and of each error."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from uuid import UUID

from recomind.model.catalogue import Card, UserDetails, VideoDetails
from recomind.model.events import VideoAction
from recomind.model.responses import (
    Behind,
    Blend,
    Counted,
    Explanation,
    Feature,
    Feed,
    FeedCard,
    Outcome,
    Problem,
    ProfileAnswer,
    Progress,
    Reason,
    Receipt,
    SimilarUser,
    Trend,
)


class Example(NamedTuple):
    """What an endpoint answers, and what it takes."""

    answers: Any
    takes: Any = None


PARAMETERS: Final = {"user_id": "u1", "video_id": "v1", "name": "feed.js", "receipt": "3:1044"}
"""Values to try out, by the name of the part of a path."""

NOON: Final = datetime(2026, 11, 24, 12, tzinfo=UTC)
CAT: Final = Card("v1", "Cat on a skateboard", "https://example.com/watch/v1", ("funny", "cat"))
DANCE: Final = Card("v2", "Kitchen dance", "https://example.com/watch/v2", ("dance", "funny"))
ACTION: Final = {"user_id": "u1", "video_id": "v1", "action_type": "like"}
SURE: Final = VideoAction(
    user_id="u1",
    video_id="v2",
    action_type="view",
    timestamp=NOON,
    event_id=UUID("0f8fad5b-d9cb-469f-a165-70867728950e"),
)
LIKED: Final = Reason("tags", "content-based", 1.0, "You like funny", tags=("funny",))
TOGETHER: Final = Reason(
    "liked_together", "collaborative", 0.8, "Liked by people who like “Cat on a skateboard”", videos=("v1",)
)
COUNTS: Final = {"1h": Counted(3, 20, 4), "24h": Counted(41, 230, 55), "7d": Counted(180, 990, 300)}
SHOWN: Final = FeedCard(DANCE.video_id, DANCE.title, DANCE.url, DANCE.tags, (LIKED, TOGETHER), COUNTS)
FEED: Final = Feed("u1", "cache", NOON.timestamp(), {"3": 1042}, 5120, ("funny", "cat"), 1, 4, 2, (SHOWN,))
TRENDING_FEED: Final = Feed("", "cache", NOON.timestamp(), {}, 5120, (), 0, 0, 0, (SHOWN,))

EXPLANATION: Final = Explanation(
    "u1",
    "v2",
    True,
    "listed",
    "listed: place 1 of 50",
    {"content-based": ["tags"], "collaborative": ["liked_together"]},
    {"tags": 1.0, "liked_together": 0.8},
    (LIKED, TOGETHER),
    ["funny"],
    17,
    COUNTS,
    (Behind("v1", "Cat on a skateboard", "like", NOON.timestamp(), 0.8, ("funny",)),),
    Blend(5120, "1 to 4 likes", 420, 1, 2.31, 0.64, (Feature("tags", 1.0, 0.2, 0.9, 0.72),)),
    (),
)

EXAMPLES: Final = {
    "recommendations": Example([DANCE, CAT]),
    "post_action": Example(Outcome(202, "3:1042"), ACTION),
    "post_actions": Example([Outcome(202, "3:1042"), Outcome(202, "3:1043")], [ACTION, SURE]),
    "trending": Example([CAT, DANCE]),
    "trending_details": Example([Trend("v1", CAT.title, CAT.url, CAT.tags, 41, 230, 55, 2.5, 1.46)]),
    "put_video": Example(CAT, VideoDetails(title=CAT.title, url=CAT.url, tags=CAT.tags, creator_id="c1")),
    "get_video": Example(CAT),
    "similar_videos": Example([DANCE]),
    "put_user": Example({"user_id": "u1", "name": "Ada"}, UserDetails(name="Ada")),
    "forget": Example(Receipt("u1", "3:1044", NOON)),
    "forgetting": Example(Progress("u1", "3:1044", "pending", ["archive", "2"])),
    "get_profile": Example(ProfileAnswer("u1", ["funny", "cat"], ["v1"], 1, 4, 2)),
    "similar_people": Example([SimilarUser("u2", 0.5)]),
    "explain": Example(EXPLANATION),
    "trending_feed": Example(TRENDING_FEED),
    "feed": Example(FEED),
    "healthz": Example({"status": "ok"}),
    "readyz": Example({"status": "ready"}),
}
"""By the handler's name."""

FAULTS: Final = {
    400: ("Object missing required field `user_id`", "user_id"),
    401: ("show a key: Authorization: Bearer KEY, or X-API-Key: KEY", None),
    403: ("this key lacks the scope write", None),
    404: ("no such video in the catalogue: PUT it first", None),
    413: ("Maximum request body size 1048576 exceeded, actual body size 2097152", None),
    429: ("more than 100 requests a second: try again in 0.52 s", None),
    503: ("PostgreSQL does not answer: timed out", None),
}
"""What a failure says, and of which field, by status."""


def fault(status: int) -> Problem:
    """An example of a failure."""
    detail, field = FAULTS[status]
    return Problem(status=status, title=HTTPStatus(status).phrase, detail=detail, field=field)
