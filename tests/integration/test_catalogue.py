"""The catalogue on a real PostgreSQL: every change is read, and the later change of a video has the larger number."""

import asyncio
from datetime import UTC, datetime
from time import time
from uuid import uuid4

import asyncpg
import pytest
from msgspec.structs import replace

from recomind.model.catalogue import Video, VideoDetails, video_change
from recomind.model.catalogue_changes import ALL_VIDEOS
from recomind.stores.archive import Archive
from recomind.stores.migrations import MIGRATIONS, version_of
from recomind.stores.sql import QUERIES

TIMES_OF_CHANGES = 8
"""The migration since which changes of the catalogue have times."""


async def empty_database(stack):
    """The DSN of an empty database."""
    name, server = f"catalogue_{uuid4().hex}", stack.settings.postgres_dsn
    connection = await asyncpg.connect(server)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return f"{server.rpartition('/')[0]}/{name}"


@pytest.fixture
async def archive(stack):
    found = Archive(await empty_database(stack))
    await found.open()
    yield found
    await found.close()


@pytest.fixture
async def connection(archive):
    found = await asyncpg.connect(archive._dsn)
    yield found
    await found.close()


async def change(archive, video_id, **details):
    return await archive.change_video(video_change(video_id, VideoDetails(title="T", **details)), 1.0)


async def changes(archive, position):
    position, found = await archive.changed_videos(position)
    return position, {change.video_id: change for change in found}


async def test_changes_are_numbered_in_their_order_and_read_with_their_entries(archive):
    position, videos = await archive.all_videos()
    assert videos == []
    first = await change(archive, "a", tags=("cat",))
    second = await change(archive, "a", hidden=True)
    third = await change(archive, "a", tags=("dog",))
    assert first.version < second.version < third.version
    assert (third.hidden, third.tags) == (True, ("dog",))
    await archive.put_videos([Video(video_id="b", title="B", expires_at=5.0)])
    position, found = await changes(archive, position)
    assert found["a"].video == third
    assert found["b"].video.expires_at == 5.0
    deletion = await archive.delete_video("a")
    assert deletion.version > third.version
    _, found = await changes(archive, position)
    assert found["a"] == deletion
    assert [video.video_id for video in (await archive.all_videos())[1]] == ["b"]
    again = await change(archive, "a")
    assert again.version > deletion.version
    assert not again.hidden


async def partial(archive, video_id, **details):
    return await archive.change_video(video_change(video_id, VideoDetails(**details)), 1.0)


WHOLE = {
    "url": "https://x",
    "tags": ("cat",),
    "creator_id": "c",
    "created_at": datetime(2026, 1, 2, tzinfo=UTC),
    "hidden": False,
    "expires_at": datetime(2027, 1, 2, tzinfo=UTC),
    "language": "en",
    "countries": ("DE", "FR"),
    "duration_ms": 5000,
    "age_rating": 12,
    "thumbnail_url": "https://y",
    "labels": ("new",),
}
OTHERS = {
    "url": "",
    "tags": (),
    "creator_id": None,
    "created_at": datetime(2026, 1, 3, tzinfo=UTC),
    "hidden": True,
    "expires_at": None,
    "language": None,
    "countries": None,
    "duration_ms": None,
    "age_rating": None,
    "thumbnail_url": None,
    "labels": ("old", "older"),
}


async def test_a_change_without_a_title_changes_what_it_names_and_is_numbered_as_any_other(archive):
    position, _ = await archive.all_videos()
    before = await change(archive, "a", **WHOLE)
    for field, value in OTHERS.items():
        after = await partial(archive, "a", **{field: value})
        expected = getattr(await change(archive, "other", **{field: value}), field)
        assert after.version > before.version
        assert after == replace(before, version=after.version, **{field: expected})
        before = after
    _, found = await changes(archive, position)
    assert found["a"].video == before


async def test_a_change_without_a_title_adds_no_video(archive, connection):
    assert await partial(archive, "a", hidden=True) is None
    await change(archive, "b", tags=("cat",))
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("DELETE FROM videos WHERE video_id = 'b'")
    waiting = asyncio.create_task(partial(archive, "b", hidden=True))
    await asyncio.sleep(0.2)
    await transaction.commit()
    assert await waiting is None
    assert (await archive.all_videos())[1] == []


async def test_what_other_programs_do_is_read(archive, connection):
    for name in ("a", "b", "c"):
        await change(archive, name)
    position, _ = await archive.all_videos()
    await connection.execute("DELETE FROM videos WHERE video_id = 'a'")
    await connection.execute("UPDATE videos SET tags = '{x}' WHERE video_id = 'b'")
    await connection.execute("UPDATE videos SET video_id = 'd' WHERE video_id = 'c'")
    position, found = await changes(archive, position)
    assert (found["a"].video, found["b"].video.tags, found["c"].video) == (None, ("x",), None)
    assert found["d"].video.title == "T"
    await connection.execute("TRUNCATE videos")
    _, found = await changes(archive, position)
    assert ALL_VIDEOS in found


async def test_changes_of_a_long_transaction_are_read_once_it_has_ended(archive, connection):
    position, _ = await archive.all_videos()
    transaction = connection.transaction()
    await transaction.start()
    many = "SELECT 'long' || n, 'T' FROM generate_series(1, 300) n"
    await connection.execute(f"INSERT INTO videos (video_id, title) {many}")
    for number in range(5):
        await change(archive, f"short{number}")
        position, found = await changes(archive, position)
        assert f"short{number}" in found
    await transaction.commit()
    position, found = await changes(archive, position)
    assert {f"long{number}" for number in range(1, 301)} <= found.keys()
    assert (await changes(archive, position))[1] == {}


async def test_a_change_waits_for_another_one_of_the_video(archive, connection):
    position, _ = await archive.all_videos()
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("INSERT INTO videos (video_id, title) VALUES ('a', 'first')")
    waiting = asyncio.create_task(change(archive, "a", hidden=True))
    await asyncio.sleep(0.2)
    await transaction.commit()
    later = await waiting
    _, found = await changes(archive, position)
    assert found["a"].video == later
    assert later.hidden


async def test_hidden_and_expired_videos_are_not_popular(archive):
    await archive.put_popularity([(name, score, 1.0) for score, name in enumerate(["a", "b", "c", "d", "gone"])])
    for name, details in {"a": {}, "b": {"hidden": True}, "c": {}, "d": {}}.items():
        await change(archive, name, **details)
    await archive.put_videos([Video(video_id="d", title="T", expires_at=5.0)])
    assert await archive.popular_videos(10) == ["c", "a"]


async def test_takedowns_of_the_last_hour_are_read_whoever_made_them(archive, connection):
    for name in ("hidden", "deleted", "by SQL", "returned", "again", "long ago", "edited"):
        await change(archive, name)
    await change(archive, "long ago", hidden=True)
    expiries = {"expired": -600.0, "expired long ago": -7200.0, "expires": 600.0, "may have expired": 30.0}
    for name, seconds in expiries.items():
        await change(archive, name, expires_at=datetime.fromtimestamp(time() + seconds, UTC))
    await connection.execute("UPDATE catalogue_changes SET changed_at = now() - interval '2 hours'")
    await change(archive, "never listed", hidden=True)
    for name in ("hidden", "returned"):
        await partial(archive, name, hidden=True)
    await partial(archive, "returned", hidden=False)
    await partial(archive, "edited", tags=("cat",))
    for name in ("deleted", "again"):
        await archive.delete_video(name)
    await change(archive, "again")
    await connection.execute("DELETE FROM videos WHERE video_id = 'by SQL'")
    await connection.execute("INSERT INTO catalogue_changes (video_id) VALUES ('')")
    await connection.execute(
        "UPDATE catalogue_changes SET changed_at = now() - interval '60 s' WHERE video_id = 'hidden' "
        "AND changed_at > now() - interval '1 hour'"
    )
    found = await archive.recent_takedowns(3600.0)
    assert [video_id for video_id, _ in found[:2]] == ["expired", "hidden"]
    assert {video_id for video_id, _ in found} == {"expired", "hidden", "deleted", "by SQL", "may have expired"}
    ages = dict(found)
    assert 600 <= ages["expired"] < 700
    assert 60 <= ages["hidden"] < 100
    assert -30 <= ages["may have expired"] < 30


async def test_changes_from_before_the_upgrade_have_no_time_and_those_of_older_workers_have_one(stack):
    database = await empty_database(stack)
    connection = await asyncpg.connect(database)
    await connection.execute(QUERIES["create_schema_migrations"])
    for name in MIGRATIONS:
        if version_of(name) < TIMES_OF_CHANGES:
            await connection.execute(MIGRATIONS[name])
            await connection.execute(QUERIES["record_migration"], version_of(name), name)
    await connection.execute("INSERT INTO videos (video_id, title) VALUES ('before', 'T'), ('after', 'T')")
    await connection.execute("DELETE FROM videos WHERE video_id = 'before'")
    archive = Archive(database)
    await archive.open()
    assert await archive.recent_takedowns(3600.0) == []
    await connection.execute("DELETE FROM videos WHERE video_id = 'after'")
    assert [video_id for video_id, _ in await archive.recent_takedowns(3600.0)] == ["after"]
    await archive.close()
    await connection.close()
