"""Optional fields of actions in a real PostgreSQL, and in one that an earlier version has filled."""

from uuid import uuid4

import asyncpg
import msgspec
import pytest

from recomind.model.events import read_action
from recomind.model.signals import SourceOffset
from recomind.offline.verification.expected_rows import ExpectedRows, FoundRows
from recomind.stores.archive import Archive
from recomind.stores.archive_rows import action_of, archived_action
from recomind.stores.migrations import MIGRATIONS, version_of
from recomind.stores.sql import QUERIES
from recomind.stream.log_replay import encode_action
from tests.unit.stream.records import LOG

BEFORE = [name for name in MIGRATIONS if version_of(name) < 4]
CONTEXTS = ({"b": 1, "a": "ü"}, {"x": 1e-300, "y": -0.0, "z": 2.50, "n": None, "t": True}, {"i": 10**15}, {}, None)


@pytest.fixture
async def dsn(stack):
    """The address of a new, empty database."""
    server, name = stack.settings.postgres_dsn, f"fields_{uuid4().hex}"
    connection = await asyncpg.connect(server)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return f"{server.rpartition('/')[0]}/{name}"


def actions():
    """Actions of one user with all optional fields, with some, and with none."""
    for number, context in enumerate(CONTEXTS):
        fields = {"watched_ms": 1_200, "duration_ms": 5_000, "position": number, "list_id": "l"}
        yield {"user_id": "u", "video_id": f"v{number}", "action_type": "view", **fields, "context": context}
    yield {"user_id": "u", "video_id": "plain", "action_type": "like"}


def expected_rows(sent):
    """The rows of records, at offsets from 0."""
    rows = []
    for offset, fields in enumerate(sent):
        action = read_action(msgspec.json.encode(fields), 1.7e9)
        rows.append(archived_action(SourceOffset(0, offset), action, LOG))
    return rows


async def found_differences(archive, rows, logged_at):
    """Rows of the archive that do not follow from these."""
    expected = ExpectedRows()
    expected.bare_until = await archive.details_since()
    for offset, row in enumerate(rows):
        expected.add(SourceOffset(0, offset), row, logged_at)
    found = FoundRows(expected)
    async for row in archive.all_actions():
        found.add(row)
    assert list(expected.missing_from(found)) == []
    return found.unexpected()


async def test_rows_have_the_optional_fields_and_can_be_written_to_a_log_again(dsn):
    rows = expected_rows(actions())
    archive = Archive(dsn)
    await archive.open()
    try:
        await archive.insert_actions(rows, range(len(rows)))
        assert await found_differences(archive, rows, logged_at=0.0) == []
        stored = [row async for row in archive.all_actions(in_order=True)]
        again = [read_action(encode_action(action_of(row)), 1.7e9) for row in stored]
        log = {action.video_id: archived_action(SourceOffset(0, 0), action, LOG) for action in again}
        rewritten = [log[row.video_id] for row in rows]
        assert await found_differences(archive, rewritten, logged_at=0.0) == []
    finally:
        await archive.close()


UPDATE = "UPDATE video_actions SET {} WHERE video_id = 'v0'"


@pytest.mark.parametrize(
    "change", ["watched_ms = 7", 'context = \'{"device": "radio"}\'', "list_id = NULL", "position = 9"]
)
async def test_a_row_with_another_value_does_not_follow_from_the_log(dsn, change):
    rows = expected_rows(actions())
    archive = Archive(dsn)
    await archive.open()
    connection = await asyncpg.connect(dsn)
    try:
        await archive.insert_actions(rows, range(len(rows)))
        await connection.execute(UPDATE.format(change))
        assert [row.video_id for row in await found_differences(archive, rows, logged_at=0.0)] == ["v0"]
    finally:
        await connection.close()
        await archive.close()


async def test_rows_of_an_earlier_version_stay_and_lack_the_fields_that_it_did_not_know(dsn):
    rows = expected_rows(actions())
    connection = await asyncpg.connect(dsn)
    await connection.execute(QUERIES["create_schema_migrations"])
    for name in BEFORE:
        await connection.execute(MIGRATIONS[name])
        await connection.execute(QUERIES["record_migration"], version_of(name), name)
    insert = "INSERT INTO video_actions (id, user_id, video_id, action_type, timestamp) VALUES ($1, $2, $3, $4, $5)"
    await connection.executemany(insert, [row[:5] for row in rows])
    archive = Archive(dsn)
    await archive.open()
    try:
        assert await archive.details_since() > 1.7e9
        assert await archive.feedback_since() > 1.7e9
        assert await found_differences(archive, rows, logged_at=1.7e9) == []
        late = await archive.details_since() + 1
        assert len(await found_differences(archive, rows, logged_at=late)) == len(CONTEXTS)
        liked = [read_action(msgspec.json.encode({"user_id": "w", "video_id": "v", "action_type": "like"}), 1.7e9)]
        await archive.insert_actions([archived_action(SourceOffset(1, 0), liked[0], LOG)], [0])
    finally:
        await connection.close()
        await archive.close()
