"""Tables that somebody else has created: a start says which statements change them, and these are enough."""

from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
import pytest

from recomind.errors import SchemaMismatchError
from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.log_identity import LogIdentity
from recomind.model.signals import SourceOffset
from recomind.stores.archive import Archive
from recomind.stores.archive_rows import archived_action

AS_THE_CONTRACT_SAYS = """
CREATE TABLE users (user_id uuid, name text, created_at timestamp);
CREATE TABLE videos (video_id uuid, title text, url text, tags text[], creator_id uuid, created_at timestamp);
CREATE TABLE video_actions (id uuid, user_id uuid, video_id uuid, action_type text, timestamp timestamp);
CREATE TABLE user_profiles (user_id uuid, top_tags text[], updated_at timestamp);
CREATE TABLE video_popularity (video_id uuid, score float, last_updated timestamp);
"""

STRICTER = """
CREATE TYPE kind AS ENUM ('view', 'like', 'skip');
CREATE TABLE users (user_id uuid PRIMARY KEY, name varchar, created_at timestamptz NOT NULL, country text NOT NULL);
CREATE TABLE videos (number int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, video_id varchar(36), title text, url text,
    tags varchar[], creator_id uuid NOT NULL REFERENCES users, created_at timestamptz);
CREATE TABLE video_actions (id uuid PRIMARY KEY, user_id uuid REFERENCES users, video_id text, action_type kind,
    timestamp timestamptz);
"""


@pytest.fixture
async def database(stack):
    """A new database, and its address."""
    server, name = stack.settings.postgres_dsn, f"repairs_{uuid4().hex}"
    connection = await asyncpg.connect(server)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return f"{server.rpartition('/')[0]}/{name}"


@asynccontextmanager
async def opened(dsn):
    archive = Archive(dsn)
    await archive.open()
    try:
        yield archive
    finally:
        await archive.close()


async def run(dsn, statements):
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()


@pytest.mark.parametrize("tables", [AS_THE_CONTRACT_SAYS, STRICTER], ids=["as the contract says", "stricter"])
async def test_a_start_names_the_statements_that_make_existing_tables_fit(database, tables):
    await run(database, tables)
    with pytest.raises(SchemaMismatchError, match="run these statements") as caught:
        await Archive(database).open()
    lines = str(caught.value).splitlines()[1:]
    assert "  ALTER TABLE users ALTER COLUMN user_id TYPE text USING user_id::text;" in lines
    await run(database, "\n".join(lines))
    async with opened(database) as archive:
        await write_to_all_tables(archive)


async def write_to_all_tables(archive):
    row = archived_action(SourceOffset(0, 1), Action("u1", "v1", "like", 1.7e9), LogIdentity(4))
    await archive.insert_actions([row], [1])
    await archive.put_user("u1", "A name")
    await archive.put_videos([Video(video_id="v1", title="t", tags=("a",))])
    await archive.put_profiles([("u1", ["a"], 1.7e9)])
    await archive.put_popularity([("v1", 1.0, 1.7e9)])
    assert await archive.popular_videos(5) == ["v1"]
    assert (await archive.video("v1")).tags == ("a",)
    assert [one.id async for one in archive.all_actions()] == [row.id]
    await archive.erase_user("u1", 5)


async def test_a_table_that_lacks_a_column_gets_it(database):
    await run(database, "CREATE TABLE users (user_id text PRIMARY KEY)")
    with pytest.raises(SchemaMismatchError, match="ALTER TABLE users ADD COLUMN name text;"):
        await Archive(database).open()


async def test_tables_that_we_have_created_need_nothing(database):
    for _ in range(2):
        async with opened(database):
            pass


async def test_an_event_id_that_two_users_have_sent_gives_each_a_row(database):
    event_id, log = uuid4(), LogIdentity(4)
    actions = [Action(user, "v", "like", 1.7e9, event_id) for user in ("u1", "u2", "u3", "u1")]
    rows = [archived_action(SourceOffset(0, number), one, log) for number, one in enumerate(actions)]
    async with opened(database) as archive:
        for _ in range(2):
            await archive.insert_actions(rows, range(len(rows)))
        stored = {one.user_id: one.id async for one in archive.all_actions(in_order=True)}
        assert len(stored) == len(set(stored.values())) == 3
        assert event_id in stored.values()
        assert {one async for one in archive.action_counts()} == {("u1", 1), ("u2", 1), ("u3", 1)}


async def test_erasure_offsets_count_only_in_their_log(database):
    action = Action("u1", "v", "like", 1.7e9)
    async with opened(database) as archive:
        await archive.erase_user("u1", 100)
        for prefix, expected in (("", 0), ("another log", 1)):
            archive.log = LogIdentity(4, prefix=prefix, erasure_scope=prefix)
            await archive.insert_actions([archived_action(SourceOffset(0, 7), action, archive.log)], [7])
            assert len([one async for one in archive.all_actions()]) == expected
        await archive.erase_user("u1", 50)
        await archive.insert_actions([archived_action(SourceOffset(0, 8), action, archive.log)], [50])
        assert [one async for one in archive.all_actions()] == []
