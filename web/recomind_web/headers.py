"""The names of RecoMind's own response headers, and what each of them means."""

from typing import Final

SOURCE_HEADER: Final = "X-RecoMind-Source"
AS_OF_HEADER: Final = "X-As-Of"
LIST_HEADER: Final = "X-RecoMind-List"
LAG_HEADER: Final = "X-RecoMind-Lag"
AFTER_HEADER: Final = "X-RecoMind-After"
TOKEN_HEADER: Final = "X-RecoMind-Token"  # noqa: S105 the name of a header
RECEIPT_HEADER: Final = "X-RecoMind-Receipt"
END_HEADER: Final = "X-RecoMind-End"
RANKER_HEADER: Final = "X-RecoMind-Ranker"
ARMS_HEADER: Final = "X-RecoMind-Arms"
DEGRADED_HEADER: Final = "X-RecoMind-Degraded"

HEADER_DESCRIPTIONS: Final = {
    AFTER_HEADER: "`counted` if the list reflects the action named by `after`; `pending` if it did not within 1 second",
    TOKEN_HEADER: "One token for all accepted actions, to be used as `after`. Empty if none was accepted.",
    RECEIPT_HEADER: "Names the change: `GET /videos/{video_id}/changes/{receipt}` says whether all workers have "
    "applied it. Left out if Kafka was unavailable.",
    SOURCE_HEADER: "Where the list came from: `cache` (stored in Redis), `cold` (ranked for this request) or `archive` "
    "(Redis is unavailable, so PostgreSQL and this worker's memory were used).",
    END_HEADER: "`true` if the list is shorter than `n` because the user has seen every other video; else left out. "
    "Videos that are uploaded later will be listed.",
    DEGRADED_HEADER: "The servers that were unavailable while this response was made, such as `redis, postgresql`.",
    RANKER_HEADER: "With `ranker`: what ordered the list. It is `hybrid` if the ranker that was asked for failed, or "
    "is suspended.",
    AS_OF_HEADER: "Event time at which the list was ranked, in epoch seconds.",
    ARMS_HEADER: "The experiments that the user is in, each with the user's arm: `ranking=B, caps=A`. Left out if "
    "there are none.",
    LIST_HEADER: "The id of the list. An action on one of its videos may carry it as `list_id`.",
    LAG_HEADER: "Age of the list in seconds of event time: the latest event time that this worker has processed, minus "
    "`X-As-Of`; at least 0.",
}
"""Header name to its description in the OpenAPI document."""

LIST_HEADERS: Final = (
    SOURCE_HEADER,
    LIST_HEADER,
    ARMS_HEADER,
    AS_OF_HEADER,
    LAG_HEADER,
    AFTER_HEADER,
    DEGRADED_HEADER,
)
"""Headers of a response with a list."""
