"""The metadata of users in a worker: the later change counts, in whatever order changes arrive."""

import pytest

from recomind.model.users import ALL_USERS, NO_METADATA, UserChange, UserMetadata
from recomind.stores.user_follower import UserFollower

GERMAN = UserMetadata(country="DE")
FRENCH = UserMetadata(country="FR")


class Users:
    """Stands for PostgreSQL: the rows, and the changes since the last reading."""

    def __init__(self):
        self.rows, self.changes = [], []

    async def users_with_metadata(self):
        return "1", self.rows

    async def changed_users(self, after):
        found, self.changes = self.changes, []
        return str(int(after) + 1), found


@pytest.fixture
def users():
    return Users()


@pytest.fixture
def follower(users):
    return UserFollower(users)


async def test_rows_are_read_and_then_their_changes(users, follower):
    users.rows = [UserChange("a", 3, GERMAN)]
    await follower.follow()
    assert follower.metadata_of("a") == GERMAN
    assert follower.metadata_of("b") == NO_METADATA
    users.changes = [UserChange("a", 4, None), UserChange("b", 5, FRENCH)]
    await follower.follow()
    assert (follower.metadata_of("a"), follower.metadata_of("b")) == (NO_METADATA, FRENCH)


async def test_an_earlier_change_that_arrives_late_changes_nothing(users, follower):
    await follower.follow()
    follower.apply(UserChange("a", 7, FRENCH))
    users.changes = [UserChange("a", 6, GERMAN)]
    await follower.follow()
    assert follower.metadata_of("a") == FRENCH


async def test_an_emptied_table_leaves_nobody_with_metadata_and_listeners_are_told(users, follower):
    users.rows = [UserChange("a", 3, GERMAN)]
    await follower.follow()
    told = []
    follower.listeners.append(told.append)
    users.rows, users.changes = [UserChange("b", 9, FRENCH)], [UserChange(ALL_USERS, 8, None)]
    await follower.follow()
    assert (follower.metadata_of("a"), follower.metadata_of("b")) == (NO_METADATA, FRENCH)
    assert told == ["a", "b"]


async def test_a_user_with_a_name_alone_is_as_one_who_was_never_put(users, follower):
    await follower.follow()
    follower.apply(UserChange("a", 1, UserMetadata()))
    assert follower.metadata_of("a") is follower.metadata_of("b") is NO_METADATA
