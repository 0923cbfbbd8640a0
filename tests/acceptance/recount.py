"""Read what PostgreSQL, the tables and Redis hold, and count independently what was sent."""

import asyncio
from collections import Counter

import asyncpg
import msgspec
from msgspec.structs import astuple

from recomind.settings import Settings
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile
from recomind.stores.read_model import ReadModel
from recomind.stores.redis_store import RedisStore
from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.log_reader import restore

ACTION_TYPES = ("like", "view", "skip")


async def table_values(settings: Settings, name, value_type):
    """The values of a table_values by key, read from its changelog."""
    decode = msgspec.msgpack.Decoder(value_type).decode
    topic = topics.changelog(settings.app_id, name)
    found = await restore(client_options(settings), topic, range(settings.partitions))
    return {key: decode(value) for values in found.values() for key, value in values.items()}


async def fetch_rows(settings: Settings, sql, *arguments):
    connection = await asyncpg.connect(settings.postgres_dsn)
    try:
        return await connection.fetch(sql, *arguments)
    finally:
        await connection.close()


def counts_by_video(actions):
    """Video to (likes, views, skips), counted from the sent actions."""
    counts = Counter((action.video_id, action.action_type) for action in actions)
    return {video: tuple(counts[video, kind] for kind in ACTION_TYPES) for video in {video for video, _ in counts}}


async def archived_counts(settings: Settings):
    """Video to (likes, views, skips) in PostgreSQL."""
    sql = "SELECT video_id, action_type, count(*) AS n FROM video_actions GROUP BY 1, 2"
    counts = {(row["video_id"], row["action_type"]): row["n"] for row in await fetch_rows(settings, sql)}
    return {
        video: tuple(counts.get((video, kind), 0) for kind in ACTION_TYPES) for video in {video for video, _ in counts}
    }


async def table_counts(settings: Settings):
    """Video to (likes, views, skips) in the table `popularity`."""
    return {
        video: astuple(one.counts) for video, one in (await table_values(settings, "popularity", Popularity)).items()
    }


async def redis_counts(settings: Settings, videos):
    """Video to (likes, views, skips) in Redis."""
    model = ReadModel(RedisStore(settings.redis_url))
    try:
        return {video: astuple(one.counts) for video, one in (await model.popularity(list(videos))).items()}
    finally:
        await model.store.close()


async def actions_per_user(settings: Settings):
    """User to number of actions in the table `profiles`."""
    profiles = await table_values(settings, "profiles", Profile)
    return {user: one.like_count + one.view_count + one.skip_count for user, one in profiles.items()}


async def stored_lists(settings: Settings, users):
    """User to the video ids of their stored list."""
    model = ReadModel(RedisStore(settings.redis_url))
    try:
        found = {user: await model.list_of(user) for user in users}
    finally:
        await model.store.close()
    return {user: [one["video_id"] for one in msgspec.json.decode(one.videos)] for user, one in found.items() if one}


async def wait_until_equal(probe, expected, within):
    """Wait until `probe` returns what is expected; returns its last result."""
    deadline = asyncio.get_running_loop().time() + within
    while (found := await probe()) != expected and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(1)
    return found
