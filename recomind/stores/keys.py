"""Every Redis key and its TTL: the one place that knows them.

| key | holds | TTL |
|---|---|---|
| `recommendations:{user_id}` | the person's top videos, a JSON array | 10 min |
| `recommendations_meta:{user_id}` | what that list counts: as of when, origins, weights' version, sources | 10 min |
| `popular_videos` | trending, a JSON array | 15 min |
| `user_profile:{user_id}` | the person's top tags, a JSON array | 30 min |
| `user_state:{user_id}` | the person's profile, msgpack | 7 days |
| `video_popularity:{video_id}` | the video's popularity, msgpack | none |
| `popularity_feed` | a stream: popularity that has just changed, as ranking reads it | entries: 20 s |
| `video_neighbours:{video_id}` | the video's company, msgpack | none |
| `trending:{partition}` | a partition's most popular videos, msgpack | none |
| `trending:{partition}:{tag}` | the same by window, of one tag; an empty tag for all | 8 days |
| `blend_weights:{partition}` | weights learned by the worker whose first partition it is, msgpack | none |
| `lists_mark:{partition}` | lane to an offset below which every action is in its person's list, msgpack | none |
| `worker_figures:{partition}` | figures of the worker whose first partition it is, msgpack | 5 s |
| `operations_history` | all workers' figures together, a point in ten seconds for an hour, msgpack | 1 day |
| `model_version` | the retrained model that is served | none |
| `model:{version}:{video_id}` | the model's neighbours of a video, msgpack | 1 day |
| `read_model_epoch:{partition}` | the run of Redis in which a partition's values were published | none |
| `generation:{group}` | the latest generation of the workers' group that has written | 1 hour |
| `forgotten:{user_id}` | where in the log the person was forgotten: an offset of her partition | 7 days |
| `forgetting:{part}:{user_id}` | the same, once a part of the system has forgotten the person | 7 days |
| `lists_written` | a channel: whose lists have just been written, msgpack; an empty name for trending | |
"""

from typing import Final

MINUTE: Final = 60

RECOMMENDATIONS_TTL: Final = 10 * MINUTE
POPULAR_TTL: Final = 15 * MINUTE
USER_PROFILE_TTL: Final = 30 * MINUTE
USER_STATE_TTL: Final = 7 * 24 * 60 * MINUTE
LEADERS_TTL: Final = 8 * 24 * 60 * MINUTE
FIGURES_TTL: Final = 5
HISTORY_TTL: Final = 24 * 60 * MINUTE
FEED_TTL: Final = 20
FORGOTTEN_TTL: Final = 7 * 24 * 60 * MINUTE
MODEL_TTL: Final = 24 * 60 * MINUTE

POPULAR_VIDEOS: Final = "popular_videos"
MODEL_VERSION: Final = "model_version"
OPERATIONS_HISTORY: Final = "operations_history"
POPULARITY_FEED: Final = "popularity_feed"
LISTS_WRITTEN: Final = "lists_written"


def recommendations(user_id: str) -> str:
    """The person's list."""
    return f"recommendations:{user_id}"


def recommendations_meta(user_id: str) -> str:
    """What the person's list counts."""
    return f"recommendations_meta:{user_id}"


def user_profile(user_id: str) -> str:
    """The person's top tags."""
    return f"user_profile:{user_id}"


def user_state(user_id: str) -> str:
    """The person's profile."""
    return f"user_state:{user_id}"


def video_popularity(video_id: str) -> str:
    """The video's popularity."""
    return f"video_popularity:{video_id}"


def video_neighbours(video_id: str) -> str:
    """The video's company."""
    return f"video_neighbours:{video_id}"


def trending(partition: int) -> str:
    """A partition's most popular videos."""
    return f"trending:{partition}"


def leaders(partition: int, tag: str) -> str:
    """A partition's most popular videos of a tag, by window."""
    return f"trending:{partition}:{tag}"


def lists_mark(partition: int) -> str:
    """A partition's mark: which actions are in lists."""
    return f"lists_mark:{partition}"


def blend_weights(partition: int) -> str:
    """A worker's learned weights."""
    return f"blend_weights:{partition}"


def figures(partition: int) -> str:
    """A worker's figures."""
    return f"worker_figures:{partition}"


def model(version: str, video_id: str) -> str:
    """The retrained model's neighbours of a video."""
    return f"model:{version}:{video_id}"


def forgotten(user_id: str) -> str:
    """Where the person was forgotten."""
    return f"forgotten:{user_id}"


def forgetting(part: str, user_id: str) -> str:
    """Where a part of the system knows that the person was forgotten."""
    return f"forgetting:{part}:{user_id}"


def epoch(partition: int) -> str:
    """The run of Redis in which the values of a partition were published."""
    return f"read_model_epoch:{partition}"


def generation(group: str) -> str:
    """The latest generation of a group of workers that has written."""
    return f"generation:{group}"
