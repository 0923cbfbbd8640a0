"""PostgreSQL forgets a person, and what is inserted late does not bring her back."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from recomind.errors import UnavailableError
from recomind.stores.archive import Archive, ArchivedAction


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


async def kept(archive, user):
    return [action.video_id for action in await archive.recent_actions(user, 1000)]


async def test_what_stands_before_the_control_record_stays_out_and_what_stands_behind_it_stays_in(archive):
    user, other = f"gone-{uuid4().hex}", f"other-{uuid4().hex}"
    old, new, others = rows(user, 3), rows(user, 2), rows(other, 4)
    await archive.put_user(user, "Somebody")
    await archive.insert_actions([*old, *others], [5, 6, 7, 5, 6, 7, 8])
    await archive.forget_person(user, 9)
    assert (await kept(archive, user), len(await kept(archive, other))) == ([], 4)
    await archive.insert_actions(new, [10, 11])
    await archive.insert_actions(old, [5, 6, 7])
    await archive.forget_person(user, 9)
    assert await kept(archive, user) == ["v0", "v1"]
    await archive.forget_person(user, 12)
    await archive.insert_actions([*old, *new], [5, 6, 7, 10, 11])
    assert await kept(archive, user) == []


@pytest.mark.parametrize("together", [0, 64])
async def test_inserts_under_way_while_a_person_is_forgotten_leave_nothing(archive, monkeypatch, together):
    monkeypatch.setattr("recomind.stores.archive.TOGETHER", together)
    for _ in range(20):
        user = f"gone-{uuid4().hex}"
        late = rows(user, 30)
        inserts = [archive.insert_actions([row], [number]) for number, row in enumerate(late)]
        await asyncio.gather(*inserts[:15], archive.forget_person(user, 100), *inserts[15:])
        assert await kept(archive, user) == []


async def test_small_inserts_of_one_turn_share_a_statement(archive, monkeypatch):
    statements, run = [], archive._run

    async def counted(name, *columns):
        statements.append(len(columns[0]))
        await run(name, *columns)

    monkeypatch.setattr(archive, "_run", counted)
    user = f"many-{uuid4().hex}"
    await asyncio.gather(*(archive.insert_actions([row], [number]) for number, row in enumerate(rows(user, 9))))
    assert (statements, len(await kept(archive, user))) == ([9], 9)


async def test_all_who_share_a_statement_are_told_that_it_failed_and_may_try_again(archive, monkeypatch):
    async def away(*_):
        raise UnavailableError("PostgreSQL", OSError("away"))

    user = f"again-{uuid4().hex}"
    some = rows(user, 3)
    with monkeypatch.context() as broken:
        broken.setattr(archive, "_run", away)
        inserts = [archive.insert_actions([row], [number]) for number, row in enumerate(some)]
        told = await asyncio.gather(*inserts, return_exceptions=True)
    assert [type(one) for one in told] == [UnavailableError] * 3
    await archive.insert_actions(some, [0, 1, 2])
    assert len(await kept(archive, user)) == 3
