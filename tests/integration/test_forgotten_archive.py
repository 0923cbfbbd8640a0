"""PostgreSQL forgets a person, and what is inserted late does not bring her back."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

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


async def test_inserts_under_way_while_a_person_is_forgotten_leave_nothing(archive):
    for _ in range(20):
        user = f"gone-{uuid4().hex}"
        late = rows(user, 30)
        inserts = [archive.insert_actions([row], [number]) for number, row in enumerate(late)]
        await asyncio.gather(*inserts[:15], archive.forget_person(user, 100), *inserts[15:])
        assert await kept(archive, user) == []
