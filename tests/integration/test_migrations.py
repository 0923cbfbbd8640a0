"""Migrations on a real PostgreSQL, each test in a database of its own."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from recomind.errors import NewerEncodingError, RecoMindError
from recomind.stores import migrations
from recomind.stores.archive import Archive
from recomind.stores.migrations import MIGRATIONS, version_of
from recomind.stores.sql import QUERIES

LATEST = version_of(list(MIGRATIONS)[-1])
NEXT = f"{LATEST + 1:04}_notes.sql"


@pytest.fixture
async def dsn(stack):
    """The address of a new, empty database."""
    server, name = stack.settings.postgres_dsn, f"migrations_{uuid4().hex}"
    connection = await asyncpg.connect(server)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return f"{server.rpartition('/')[0]}/{name}"


async def run(dsn, statement):
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(statement)
    finally:
        await connection.close()


async def applied(dsn):
    rows = await run(dsn, "SELECT version, name, applied_at FROM schema_migrations ORDER BY version")
    assert all(row["applied_at"] for row in rows)
    return [(row["version"], row["name"]) for row in rows]


async def open_and_close(dsn):
    archive = Archive(dsn)
    try:
        await archive.open()
    finally:
        await archive.close()


async def test_an_empty_database_gets_all_migrations_once(dsn):
    await open_and_close(dsn)
    assert await applied(dsn) == [(version_of(name), name) for name in MIGRATIONS]
    first = await run(dsn, "SELECT * FROM schema_migrations")
    await open_and_close(dsn)
    assert await run(dsn, "SELECT * FROM schema_migrations") == first
    assert await run(dsn, "SELECT * FROM forgetful_actions") == []


async def test_a_database_of_the_version_without_migrations_is_taken_over_with_its_rows(dsn):
    connection = await asyncpg.connect(dsn)
    await connection.execute(MIGRATIONS["0001_initial.sql"])  # the schema that version 0.1 created
    await connection.execute("INSERT INTO users (user_id, name) VALUES ('u', 'A user')")
    await connection.close()
    await open_and_close(dsn)
    assert await applied(dsn) == [(version_of(name), name) for name in MIGRATIONS]
    assert [row["name"] for row in await run(dsn, "SELECT name FROM users")] == ["A user"]


async def test_a_database_gets_only_the_migrations_that_it_lacks(dsn, monkeypatch):
    await open_and_close(dsn)
    statements = "CREATE TABLE notes (note text); CREATE INDEX notes_by_text ON notes (note);"
    monkeypatch.setattr(migrations, "MIGRATIONS", {**MIGRATIONS, NEXT: statements})
    await open_and_close(dsn)
    assert (await applied(dsn))[-1] == (LATEST + 1, NEXT)
    assert await run(dsn, "SELECT * FROM notes") == []


async def test_a_migration_that_fails_changes_nothing(dsn, monkeypatch):
    await open_and_close(dsn)
    before = await applied(dsn)
    monkeypatch.setattr(migrations, "MIGRATIONS", {**MIGRATIONS, NEXT: "CREATE TABLE notes (note text); SELECT 1 / 0;"})
    with pytest.raises(asyncpg.DivisionByZeroError):
        await open_and_close(dsn)
    assert await applied(dsn) == before
    assert await run(dsn, "SELECT to_regclass('notes') AS found") == [(None,)]


async def test_workers_that_start_at_once_apply_each_migration_once(dsn, monkeypatch):
    slow = "CREATE TABLE notes (note text); SELECT pg_sleep(0.2);"
    monkeypatch.setattr(migrations, "MIGRATIONS", {**MIGRATIONS, NEXT: slow})
    await asyncio.gather(*(open_and_close(dsn) for _ in range(6)))
    assert await applied(dsn) == [*((version_of(name), name) for name in MIGRATIONS), (LATEST + 1, NEXT)]


async def test_a_database_of_a_newer_version_stops_the_start_with_a_sentence(dsn):
    await open_and_close(dsn)
    connection = await asyncpg.connect(dsn)
    await connection.execute(QUERIES["record_migration"], LATEST + 2, "later.sql")
    await connection.close()
    sentence = f"PostgreSQL .* version {LATEST + 2}, .* versions up to {LATEST}: run a RecoMind of at least"
    with pytest.raises(NewerEncodingError, match=sentence) as caught:
        await open_and_close(dsn)
    assert isinstance(caught.value, RecoMindError)
