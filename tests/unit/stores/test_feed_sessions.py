"""What feed sessions have shown, while either store is away or has been emptied, or both."""

from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recomind.errors import UnavailableError
from recomind.state.seen_blocks import block_of_videos
from recomind.stores import keys
from recomind.stores.feed_sessions import GROUP_PAGES, FeedSessions, Page
from recomind.stores.memory_store import InMemoryStore

SESSION = b"s" * 12
VIDEOS = {str(number): block_of_videos([str(number)]).seen for number in range(2_000)}
AWAY = UnavailableError("a server", ConnectionError())


class Rows:
    """The table `feed_pages`."""

    def __init__(self):
        self.rows = {}
        self.is_away = False

    async def put_feed_page(self, session, number, user_id, content):
        if self.is_away:
            raise AWAY
        return self.rows.setdefault((session, number), content)

    async def feed_pages(self, session, last):
        if self.is_away:
            raise AWAY
        return [(number, content) for (one, number), content in self.rows.items() if one == session and number <= last]


class Cache(InMemoryStore):
    is_away = False

    async def get_many(self, keys):
        if self.is_away:
            raise AWAY
        return await super().get_many(keys)

    async def set_many(self, values, ttl=None, fence=None):
        if self.is_away:
            raise AWAY
        await super().set_many(values, ttl, fence)


class Client:
    """Scrolls: each page has two videos that were not shown before, as far as is known."""

    def __init__(self):
        self.cache, self.rows = Cache(), Rows()
        self.sessions = FeedSessions(self.cache, self.rows)
        self.seen = []

    async def scroll(self, pages=1):
        for _ in range(pages):
            shown, page = await self.next_page(len(self.seen) // 2)
            self.seen += page.video_ids
        return shown

    async def next_page(self, pages):
        shown = await self.sessions.shown(SESSION, pages)
        if shown.next_page is not None:
            return shown, shown.next_page
        known = set(unpacked(shown.fingerprints))
        new = list(islice((video for video, fingerprint in VIDEOS.items() if fingerprint not in known), 2))
        page = Page(shown.in_group + block_of_videos(new).seen, tuple(new), b"", shown.is_complete)
        return shown, await self.sessions.put("u", SESSION, pages + 1, page)

    def empty_cache(self):
        self.cache._values.clear()


def unpacked(packed):
    return [packed[at : at + 4] for at in range(0, len(packed), 4)]


@pytest.fixture
def client():
    return Client()


async def test_a_session_remembers_all_that_it_has_shown(client):
    shown = await client.scroll(5 * GROUP_PAGES + 3)
    assert len(set(client.seen)) == len(client.seen) == 2 * (5 * GROUP_PAGES + 3)
    assert shown.is_complete
    assert len(shown.fingerprints) == 4 * (len(client.seen) - 2)  # none is read twice


async def test_it_reads_one_page_of_each_group(client):
    await client.scroll(3 * GROUP_PAGES + 2)
    read = []
    client.cache.get_many = lambda keys: read.extend(keys) or InMemoryStore.get_many(client.cache, keys)
    await client.sessions.shown(SESSION, 3 * GROUP_PAGES + 2)
    assert read == [keys.feed_page(SESSION, number) for number in (16, 32, 48, 50, 51)]


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(["cache away", "cache back", "cache emptied", "rows away", "rows back", "scroll"]), max_size=12
    ),
    st.integers(1, GROUP_PAGES + 3),
)
async def test_one_store_is_enough(changes, pages):
    """While one of the stores is there, and had no gap when the other was lost, nothing repeats."""
    client = Client()
    for change in changes:
        store, _, state = change.partition(" ")
        if change == "cache emptied":
            if not client.rows.is_away and not any(rows_missing(client)):
                client.empty_cache()
        elif change == "scroll":
            await client.scroll(pages)
        else:
            other = client.rows if store == "cache" else client.cache
            of = client.cache if store == "cache" else client.rows
            if state == "back" or not (other.is_away or any(missing(client, other))):
                of.is_away = state == "away"
    shown = await client.scroll(pages)
    assert shown.is_complete
    assert len(set(client.seen)) == len(client.seen)


def missing(client, store):
    return rows_missing(client) if store is client.rows else cache_missing(client)


def rows_missing(client):
    return [number for number in range(1, len(client.seen) // 2 + 1) if (SESSION, number) not in client.rows.rows]


def cache_missing(client):
    numbers = range(1, len(client.seen) // 2 + 1)
    return [number for number in numbers if keys.feed_page(SESSION, number) not in client.cache._values]


async def test_a_cursor_that_is_sent_again_gets_the_same_page(client):
    await client.scroll(20)
    again = [(await client.next_page(number))[1].video_ids for number in range(20)]
    assert [one for page in again for one in page] == client.seen


@pytest.mark.parametrize("away", ["cache", "rows"])
async def test_of_two_requests_with_a_cursor_the_first_one_counts_for_both(client, away):
    getattr(client, away).is_away = True
    first, second = (Page(b"1234", (name,), b"") for name in "ab")
    assert await client.sessions.put("u", SESSION, 1, first) == first
    assert await client.sessions.put("u", SESSION, 1, second) == first


async def test_while_both_stores_are_away_it_goes_on_and_says_so_until_the_end(client):
    await client.scroll(GROUP_PAGES - 2)
    client.cache.is_away = client.rows.is_away = True
    shown = await client.scroll(1)
    assert (shown.is_complete, shown.fingerprints) == (False, b"")
    client.cache.is_away = client.rows.is_away = False
    for _ in range(2 * GROUP_PAGES):
        shown = await client.scroll()
        assert not shown.is_complete
    repeated = len(client.seen) - len(set(client.seen))
    assert repeated <= 4  # what was shown, and made, while both were away


async def test_what_redis_has_lost_is_stored_there_again(client):
    await client.scroll(GROUP_PAGES + 4)
    client.empty_cache()
    await client.scroll()
    client.rows.is_away = True
    assert (await client.scroll(3)).is_complete
    assert len(set(client.seen)) == len(client.seen)
