"""What PostgreSQL, the tables and Redis hold, beside an independent recount of what was sent."""

import asyncio
from collections import Counter

import asyncpg
import msgspec
from msgspec.structs import astuple

from recomind.settings import Settings
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile
from recomind.stores.read_model import ReadModel
from recomind.stores.redis_store import RedisValues
from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.log_reader import restore

KINDS = ("like", "view", "skip")


async def table(settings: Settings, name, kind):
    """The values of a table as its changelog keeps them."""
    decode = msgspec.msgpack.Decoder(kind).decode
    topic = topics.changelog(settings.app_id, name)
    found = await restore(client_options(settings), topic, range(settings.partitions))
    return {key: decode(value) for values in found.values() for key, value in values.items()}


async def rows(settings: Settings, sql, *arguments):
    connection = await asyncpg.connect(settings.postgres_dsn)
    try:
        return await connection.fetch(sql, *arguments)
    finally:
        await connection.close()


def by_video(actions):
    """Video to (likes, views, skips), counted from the log itself."""
    counts = Counter((action.video_id, action.action_type) for action in actions)
    return {video: tuple(counts[video, kind] for kind in KINDS) for video in {video for video, _ in counts}}


async def archived(settings: Settings):
    """The same, counted by SQL."""
    sql = "SELECT video_id, action_type, count(*) AS n FROM video_actions GROUP BY 1, 2"
    counts = {(row["video_id"], row["action_type"]): row["n"] for row in await rows(settings, sql)}
    return {video: tuple(counts.get((video, kind), 0) for kind in KINDS) for video in {video for video, _ in counts}}


async def counted(settings: Settings):
    """The same, as the table `popularity` counts."""
    return {video: astuple(one.counts) for video, one in (await table(settings, "popularity", Popularity)).items()}


async def served(settings: Settings, videos):
    """The same, as Redis has it."""
    model = ReadModel(RedisValues(settings.redis_url))
    try:
        return {video: astuple(one.counts) for video, one in (await model.popularity(list(videos))).items()}
    finally:
        await model.values.close()


async def per_person(settings: Settings):
    """Person to number of actions, as the table `profiles` counts."""
    profiles = await table(settings, "profiles", Profile)
    return {user: one.like_count + one.view_count + one.skip_count for user, one in profiles.items()}


async def lists(settings: Settings, users):
    """People's stored lists, as video ids."""
    model = ReadModel(RedisValues(settings.redis_url))
    try:
        found = {user: await model.list_of(user) for user in users}
    finally:
        await model.values.close()
    return {user: [one["video_id"] for one in msgspec.json.decode(one.videos)] for user, one in found.items() if one}


async def until_equal(probe, expected, within):
    """Wait until a probe gives what is expected; its last answer."""
    deadline = asyncio.get_running_loop().time() + within
    while (found := await probe()) != expected and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(1)
    return found
