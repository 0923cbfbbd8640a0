"""The archive on a real PostgreSQL: erasure, coalesced inserts, and the fence."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from recomind.errors import OutdatedError, UnavailableError
from recomind.stores.archive import Archive
from recomind.stores.archive_rows import ArchivedAction, to_datetime
from recomind.stores.fencing import Fence


@pytest.fixture
async def archive(stack):
    found = Archive(stack.settings.postgres_dsn)
    await found.open()
    yield found
    await found.close()


def rows(user, count):
    return [
        ArchivedAction(uuid4(), user, f"v{n}", "view", datetime(2026, 1, 1, 0, n, tzinfo=UTC)) for n in range(count)
    ]


async def archived_videos(archive, user):
    return [action.video_id for action in await archive.recent_actions(user, 1000)]


async def test_an_erasure_removes_actions_before_its_offset_for_good_and_keeps_later_ones(archive):
    user, other = f"erased-{uuid4().hex}", f"other-{uuid4().hex}"
    old, new, others = rows(user, 3), rows(user, 2), rows(other, 4)
    await archive.put_user(user, "Somebody")
    await archive.insert_actions([*old, *others], [5, 6, 7, 5, 6, 7, 8])
    await archive.erase_user(user, 9)
    assert (await archived_videos(archive, user), len(await archived_videos(archive, other))) == ([], 4)
    await archive.insert_actions(new, [10, 11])
    await archive.insert_actions(old, [5, 6, 7])
    await archive.erase_user(user, 9)
    assert await archived_videos(archive, user) == ["v0", "v1"]
    await archive.erase_user(user, 12)
    await archive.insert_actions([*old, *new], [5, 6, 7, 10, 11])
    assert await archived_videos(archive, user) == []


@pytest.mark.parametrize("max_coalesced_rows", [0, 64])
async def test_inserts_that_run_during_an_erasure_leave_no_rows(archive, monkeypatch, max_coalesced_rows):
    monkeypatch.setattr("recomind.stores.archive.MAX_COALESCED_ROWS", max_coalesced_rows)
    for _ in range(20):
        user = f"erased-{uuid4().hex}"
        late = rows(user, 30)
        inserts = [archive.insert_actions([row], [number]) for number, row in enumerate(late)]
        await asyncio.gather(*inserts[:15], archive.erase_user(user, 100), *inserts[15:])
        assert await archived_videos(archive, user) == []


async def test_small_inserts_of_one_loop_iteration_share_a_statement(archive, monkeypatch):
    statements, run = [], archive._run

    async def count_rows(name, *columns):
        statements.append(len(columns[0]))
        return await run(name, *columns)

    monkeypatch.setattr(archive, "_run", count_rows)
    user = f"many-{uuid4().hex}"
    await asyncio.gather(*(archive.insert_actions([row], [number]) for number, row in enumerate(rows(user, 9))))
    assert (statements, len(await archived_videos(archive, user))) == ([9], 9)


async def test_all_inserts_of_a_failed_statement_get_its_error_and_may_be_repeated(archive, monkeypatch):
    async def away(*_):
        raise UnavailableError("PostgreSQL", OSError("away"))

    user = f"again-{uuid4().hex}"
    some = rows(user, 3)
    with monkeypatch.context() as broken:
        broken.setattr(archive, "_run", away)
        inserts = [archive.insert_actions([row], [number]) for number, row in enumerate(some)]
        errors = await asyncio.gather(*inserts, return_exceptions=True)
    assert [type(one) for one in errors] == [UnavailableError] * 3
    await archive.insert_actions(some, [0, 1, 2])
    assert len(await archived_videos(archive, user)) == 3


async def test_an_earlier_generation_cannot_write_after_a_later_one(stack):
    early, late = Archive(stack.settings.postgres_dsn), Archive(stack.settings.postgres_dsn)
    early.fence, late.fence = Fence("contract", 6), Fence("contract", 7)
    await early.open()
    await late.open()
    await early.put_popularity([("fenced", 1.0, 1.0)])
    await early.put_profiles([("fenced", ["a"], 1.0)])
    await late.put_popularity([("fenced", 2.0, 2.0)])
    with pytest.raises(OutdatedError, match="PostgreSQL"):
        await early.put_popularity([("fenced", 3.0, 3.0)])
    with pytest.raises(OutdatedError, match="PostgreSQL"):
        await early.put_profiles([("fenced", ["b"], 3.0)])
    with pytest.raises(OutdatedError, match="PostgreSQL"):
        await early.delete_profiles(["fenced"])
    assert await late.popularity_rows(["fenced"]) == {"fenced": (2.0, to_datetime(2.0))}
    assert await late.profile_times(["fenced"]) == {"fenced": to_datetime(1.0)}
    await late.delete_profiles(["fenced"])
    assert await late.profile_times(["fenced"]) == {}
    async with late._connection() as connection:
        await connection.execute("DELETE FROM video_popularity WHERE video_id = 'fenced'")
    await early.close()
    await late.close()
