"""Metadata of videos and users on a real PostgreSQL: stored, kept where it is left out, and followed."""

import asyncpg

from recomind.model.catalogue import Video, VideoDetails, video_change
from recomind.model.users import ALL_USERS, UserMetadata
from tests.integration.test_catalogue import archive as archive  # noqa: PLC0414 a fixture
from tests.integration.test_catalogue import change, changes


async def test_metadata_of_a_video_is_stored_stays_is_removed_and_is_followed(archive):
    position, _ = await archive.all_videos()
    given = {"language": "en", "countries": ("DE",), "duration_ms": 900, "age_rating": 12, "labels": ("x",)}
    first = await change(archive, "a", thumbnail_url="https://x/t.png", **given)
    assert (first.language, first.countries, first.duration_ms, first.age_rating) == ("en", ("DE",), 900, 12)
    second = await change(archive, "a", language=None, age_rating=16)
    assert (second.language, second.countries, second.age_rating, second.labels) == (None, ("DE",), 16, ("x",))
    assert second.thumbnail_url == "https://x/t.png"
    position, found = await changes(archive, position)
    assert found["a"].video == second
    assert (await archive.all_videos())[1] == [second]
    await archive.change_videos([video_change("b", VideoDetails(title="B", labels=("y",)))], 1.0)
    await archive.put_videos([Video(video_id="c", title="C", countries=("AT",))])
    _, found = await changes(archive, position)
    assert found["b"].video.labels == ("y",)
    assert found["c"].video.countries == ("AT",)


async def test_a_row_that_another_program_has_written_is_read_in_normal_form(archive):
    connection = await asyncpg.connect(archive._dsn)
    await connection.execute(
        "INSERT INTO videos (video_id, title, language, countries, age_rating, labels) "
        "VALUES ('a', 'A', 'EN', '{de}', NULL, NULL)"
    )
    await connection.execute("INSERT INTO users (user_id, country, blocked_tags) VALUES ('u', 'de', NULL)")
    await connection.close()
    [video] = (await archive.all_videos())[1]
    assert (video.language, video.countries, video.age_rating, video.labels) == ("en", ("DE",), 0, ())
    [user] = (await archive.users_with_metadata())[1]
    assert (user.user_id, user.metadata) == ("u", UserMetadata(country="DE"))


async def test_changes_of_users_are_followed_in_their_order(archive):
    position, found = await archive.users_with_metadata()
    assert found == []
    entry, first = await archive.put_user("u", "Ada", {"country": "DE", "blocked_tags": ("cat",)})
    assert (entry.name, entry.country, entry.blocked_tags) == ("Ada", "DE", ("cat",))
    entry, second = await archive.put_user("u", "Bea", {"birth_year": 1990})
    assert (entry.name, entry.country, entry.birth_year) == ("Bea", "DE", 1990)
    assert second.version > first.version
    assert await archive.user("u") == entry
    position, [change] = await archive.changed_users(position)
    assert change == second
    connection = await asyncpg.connect(archive._dsn)
    await connection.execute("DELETE FROM users")
    position, [change] = await archive.changed_users(position)
    assert (change.user_id, change.metadata) == ("u", None)
    await connection.execute("TRUNCATE users")
    position, found = await archive.changed_users(position)
    assert ALL_USERS in {change.user_id for change in found}
    await connection.close()
