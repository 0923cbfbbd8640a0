"""Every Redis key with its value and TTL. No other module spells a key.

| key | value | TTL |
|---|---|---|
| `recommendations:{user_id}` | the user's list: top videos, a JSON array | 10 min |
| `recommendations_meta:{user_id}` | meta of that list: event time, offsets, weights' version, sources | 10 min |
| `popular_videos` | trending videos, a JSON array | 15 min |
| `user_profile:{user_id}` | the user's top tags, a JSON array | 30 min |
| `user_state:{user_id}` | the user's profile, msgpack | 7 days |
| `seen_block:{user_id}:{number}` | 256 videos that the user has acted on longer ago, msgpack | none |
| `video_popularity:{video_id}` | the video's popularity, msgpack | none |
| `popularity_stream:3` | a stream of changes of popularity, encoded for the ranking index | entries: 20 s |
| `video_neighbours:{video_id}` | the video's neighbours, msgpack | none |
| `trending:{partition}:{tag}` | a partition's most liked videos of a tag, by window; an empty tag means all | 8 days |
| `blend_weights:{partition}` | weights of the worker whose first partition this is, msgpack | none |
| `arm_weights:{arm}:{partition}` | the same of an arm of an experiment that learns its own | 35 d |
| `published_weights` | weights that all workers went on from: learned from a log, or rolled back to | none |
| `weights_snapshots` | the latest versions of the weights, by name | none |
| `pinned_weights` | the weights that workers rank with while they learn nothing | none |
| `shared_factors:{partition}` | sums of increments of tags and creators by a partition, msgpack | none |
| `lists_mark:{partition}` | low watermark: source to the offset below which all actions are in lists, msgpack | none |
| `served_counts:{partition}` | what a partition's users were shown and did, by minute, hour and arm | 35 d |
| `video_impressions:{partition}` | how often each video was shown to a partition's users in 24 hours | 25 h |
| `current_mark:{partition}` | source to the offset below which no stored list lacks an action, msgpack | none |
| `worker_figures:{partition}` | stats of the worker whose first partition this is, msgpack | 5 s |
| `server_figures` | a stream of the stats of workers without partitions, msgpack | entries: 5 s |
| `operations_history` | stats of all workers together, one point per 10 s for 1 h, msgpack | 1 day |
| `model_version` | the version of the EASE model that is served | none |
| `model:{version}:{video_id}` | the EASE model's neighbours of a video, msgpack | 1 day |
| `read_model_epoch:{partition}` | the run id of the Redis server to which the partition was published in full | none |
| `generation:{group}` | fencing token: the latest generation of the consumer group that has written | 1 hour |
| `forgotten:{user_id}` | offset of the user's latest erasure record in the log of their partition | 7 days |
| `forgetting:{part}:{user_id}` | the same, written once that stage of the erasure is complete | 7 days |
| `feed_page:{session}:{number}` | a page of a feed session, msgpack | 25 h |
| `recomind:encoding` | version of the encoding of all values above (see `recomind.stores.encoding`) | none |
| `recomind:log` | the log of actions that all values were made from: ids of Kafka's cluster and of the topic | none |
| `catalogue_progress` | a stream of reports: which changes of the catalogue each worker has applied | entries: 10 s |
| `returned_videos` | a stream: videos that are in lists again, with the numbers of changes, msgpack | entries: 11 min |
| `lists_written` | a pub/sub channel: ids of users whose lists changed, msgpack; an empty id means trending | |
"""

from typing import Final

from recomind.model.ids import Partition

MINUTE_S: Final = 60
DAY_S: Final = 24 * 60 * MINUTE_S

RECOMMENDATIONS_TTL_S: Final = 10 * MINUTE_S
POPULAR_VIDEOS_TTL_S: Final = 15 * MINUTE_S
USER_PROFILE_TTL_S: Final = 30 * MINUTE_S
USER_STATE_TTL_S: Final = 7 * DAY_S
WINDOWED_TOP_TTL_S: Final = 8 * DAY_S
WORKER_STATS_TTL_S: Final = 5
STATS_HISTORY_TTL_S: Final = DAY_S
SERVED_COUNTS_TTL_S: Final = 35 * DAY_S
"""Longer than served lists are in the log, as the figures of experiments are among the counts."""

SERVED_STATISTICS_TTL_S: Final = DAY_S + 60 * MINUTE_S
POPULARITY_STREAM_TTL_S: Final = 20
CATALOGUE_PROGRESS_TTL_S: Final = 10
RETURNED_VIDEOS_TTL_S: Final = RECOMMENDATIONS_TTL_S + MINUTE_S
"""A list may be stored some seconds after it was ranked."""

ERASURE_TTL_S: Final = 7 * DAY_S
EASE_MODEL_TTL_S: Final = DAY_S
FEED_PAGE_TTL_S: Final = DAY_S + 60 * MINUTE_S
"""An hour longer than a session lasts after its last page."""

POPULAR_VIDEOS: Final = "popular_videos"
EASE_MODEL_VERSION: Final = "model_version"
STATS_HISTORY: Final = "operations_history"
POPULARITY_STREAM: Final = "popularity_stream:3"
"""Its entries have another encoding than those of 0.2 and earlier, whose stream was `popularity_feed`."""
PUBLISHED_WEIGHTS: Final = "published_weights"
WEIGHTS_SNAPSHOTS: Final = "weights_snapshots"
PINNED_WEIGHTS: Final = "pinned_weights"
SERVER_STATS: Final = "server_figures"
CATALOGUE_PROGRESS: Final = "catalogue_progress"
RETURNED_VIDEOS: Final = "returned_videos"
LIST_UPDATES: Final = "lists_written"
ENCODING: Final = "recomind:encoding"
SEEN_BLOCK_PREFIX: Final = "seen_block:"
LOG: Final = "recomind:log"

DERIVED_PREFIXES: Final = (
    "recommendations:",
    "recommendations_meta:",
    "user_profile:",
    "user_state:",
    SEEN_BLOCK_PREFIX,
    "video_popularity:",
    "video_neighbours:",
    "trending:",
    "lists_mark:",
    "served_counts:",
    "video_impressions:",
    "current_mark:",
    "read_model_epoch:",
    "generation:",
    "forgotten:",
    "forgetting:",
    POPULAR_VIDEOS,
    POPULARITY_STREAM,
    LOG,
)
"""What follows from one log of actions; the learned models and statistics do not."""


def recommendations(user_id: str) -> str:
    """The user's list."""
    return f"recommendations:{user_id}"


def recommendations_meta(user_id: str) -> str:
    """The meta of the user's list."""
    return f"recommendations_meta:{user_id}"


def user_profile(user_id: str) -> str:
    """The user's top tags."""
    return f"user_profile:{user_id}"


def user_state(user_id: str) -> str:
    """The user's profile."""
    return f"user_state:{user_id}"


def seen_block(user_id: str, number: int) -> str:
    """A block of the videos that the user has acted on longer ago."""
    return f"{SEEN_BLOCK_PREFIX}{user_id}:{number}"


def video_popularity(video_id: str) -> str:
    """The video's popularity."""
    return f"video_popularity:{video_id}"


def video_neighbours(video_id: str) -> str:
    """The video's neighbours."""
    return f"video_neighbours:{video_id}"


def windowed_top(partition: Partition, tag: str) -> str:
    """The most liked videos of a partition with a tag, by time window."""
    return f"trending:{partition}:{tag}"


def lists_watermark(partition: Partition) -> str:
    """The low watermark of a partition: which actions are in lists."""
    return f"lists_mark:{partition}"


def current_watermark(partition: Partition) -> str:
    """The watermark of a partition below which no stored list lacks an action."""
    return f"current_mark:{partition}"


def arm_weights(name: str, partition: Partition) -> str:
    """The key of what a worker has learned for an arm; `partition` is its first one."""
    return f"arm_weights:{name}:{partition}"


def blend_weights(partition: str) -> str:
    """A worker's weights of the blend."""
    return f"blend_weights:{partition}"


def shared_factors(partition: Partition) -> str:
    """What outcomes of a partition's videos have added to the factors of tags and creators."""
    return f"shared_factors:{partition}"


def served_counts(partition: Partition) -> str:
    """What was shown to the users of a partition, and what they did with it."""
    return f"served_counts:{partition}"


def video_impressions(partition: Partition) -> str:
    """How often each video was shown to the users of a partition."""
    return f"video_impressions:{partition}"


def worker_stats(partition: Partition) -> str:
    """A worker's stats."""
    return f"worker_figures:{partition}"


def ease_neighbours(version: str, video_id: str) -> str:
    """The EASE model's neighbours of a video."""
    return f"model:{version}:{video_id}"


def erased_user(user_id: str) -> str:
    """The offset of the user's latest erasure record."""
    return f"forgotten:{user_id}"


def erasure_stage(stage: str, user_id: str) -> str:
    """The offset of the erasure record up to which a stage is complete."""
    return f"forgetting:{stage}:{user_id}"


def feed_page(session: bytes, number: int) -> str:
    """A page of a feed session."""
    return f"feed_page:{session.hex()}:{number}"


def epoch(partition: Partition) -> str:
    """The run of Redis to which the values of a partition were published."""
    return f"read_model_epoch:{partition}"


def generation(group: str) -> str:
    """The latest generation of a consumer group that has written."""
    return f"generation:{group}"
