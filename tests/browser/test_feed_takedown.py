"""Videos that are taken down while the page is open: it neither lists nor plays them, wherever it has them from."""

import json
from uuid import uuid4

import pytest

from tests.browser.conftest import page_opener, send
from tests.browser.feed_page import NEVER_PUT, listed_ids, wait_for_status

SLOWEST_MS = 2000
"""Longest time in which a page must have forgotten a video."""

POLL_INTERVAL_MS = 3000

NO_STREAM = "Failed to load resource: net::ERR_FAILED"
"""Chromium logs that the event stream could not be opened."""

LISTED = 31
"""More videos than the list of the stream has: others are of further pages."""


@pytest.fixture
def tagged(worker):
    """A tag of 60 videos, which are deleted after the test: other tests use the worker, too."""
    tag = f"tag-{uuid4().hex[:8]}"
    videos = [f"{tag}-{number}" for number in range(60)]
    for video in videos:
        send(worker.base_url, "PUT", f"/videos/{video}", {"title": f"About {video}", "tags": [tag]})
    yield tag
    for video in videos:
        send(worker.base_url, "DELETE", f"/videos/{video}", None)


@pytest.fixture
def page(worker, browser, tagged):
    """The page with videos of the tag, as far as they are on further pages."""
    with page_opener(browser, worker.base_url, NEVER_PUT) as open_page:
        opened = open_page("/")
        scroll_through(opened, tagged)
        yield opened


def scroll_through(page, tag, state="streaming"):
    """Show the videos of a tag, and load further pages of them."""
    page.wait_for_selector(f"#live.{state}")
    page.fill("#search", tag)
    page.press("#search", "Enter")
    page.wait_for_function("tag => document.querySelector('#title').textContent.includes(tag)", arg=tag)
    page.wait_for_selector("#list .item")
    page.wait_for_selector(f"#live.{state}")
    for _ in range(20):
        page.eval_on_selector("#list", "list => { list.scrollTop = list.scrollHeight; }")
        page.wait_for_timeout(200)
        if len(listed_ids(page)) > LISTED + 10:
            break
    assert len(listed_ids(page)) > LISTED + 10


def take_down(worker, video):
    send(worker.base_url, "DELETE", f"/videos/{video}", None)


def test_a_video_of_a_further_page_is_listed_no_more(worker, page):
    paged = listed_ids(page)[-3]
    take_down(worker, paged)
    page.wait_for_selector(f"#list .item[data-id='{paged}']", state="detached", timeout=SLOWEST_MS)
    assert len(listed_ids(page)) > LISTED


def test_a_page_without_an_event_stream_is_told_as_it_polls(worker, browser, tagged):
    with page_opener(browser, worker.base_url, [*NEVER_PUT, NO_STREAM]) as open_page:
        page = open_page("about:blank")
        page.route("**/events/**", lambda route: route.abort())
        page.goto("/")
        scroll_through(page, tagged, "polling")
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        hidden, deleted = listed_ids(page)[-3:-1]
        send(
            worker.base_url, "PUT", f"/videos/{hidden}", {"title": f"About {hidden}", "tags": [tagged], "hidden": True}
        )
        take_down(worker, deleted)
        for video in (hidden, deleted):
            page.wait_for_selector(f"#list .item[data-id='{video}']", state="detached", timeout=POLL_INTERVAL_MS + 2000)
        assert len(listed_ids(page)) > LISTED
        assert any("/takedowns?since=" in url for url in asked)


def test_a_page_polls_while_a_proxy_holds_its_event_stream_back(worker, browser):
    with page_opener(browser, worker.base_url) as open_page:
        page = open_page("about:blank")
        held = []

        def hold(route):
            held.append(route)

        page.route("**/events/**", hold)
        page.goto("/")
        page.wait_for_selector("#live.polling")
        held[0].continue_()
        page.wait_for_selector("#live.streaming")
        page.wait_for_timeout(500)
        assert page.locator("#live.streaming").count() == 1


def test_an_open_card_closes(worker, page, tagged):
    paged = listed_ids(page)[-3]
    page.click(f"#list .item[data-id='{paged}'] .open-card")
    page.wait_for_selector("#details[open]")
    send(worker.base_url, "PUT", f"/videos/{paged}", {"title": f"About {paged}", "tags": [tagged], "hidden": True})
    page.wait_for_selector("#details", state="hidden", timeout=SLOWEST_MS)
    assert paged not in listed_ids(page)


def test_the_current_video_is_left_and_is_not_in_the_history(worker, page):
    title = page.inner_text("#title")
    page.click("#like")
    wait_for_status(page, "Liked “")
    page.click("[data-list='history']")
    page.wait_for_selector("#other-list h3")
    assert page.locator("#other-list h3").all_inner_texts() == [title]
    take_down(worker, title.removeprefix("About "))
    page.wait_for_function(
        "title => document.querySelector('#title').textContent !== title", arg=title, timeout=SLOWEST_MS
    )
    assert page.inner_text("#status") == f"“{title}” was taken down."
    assert page.locator("#other-list h3").count() == 0
    assert not page.locator("#undo").is_visible()


def test_a_card_of_a_video_that_was_taken_down_cannot_be_watched(page):
    """The page may not have been told, as it had no stream for long."""
    paged = listed_ids(page)[-3]
    entry = json.dumps({"video_id": paged, "title": "T", "url": "", "tags": [], "hidden": True})
    page.route(f"**/videos/{paged}", lambda route: route.fulfill(body=entry, content_type="application/json"))
    page.click(f"#list .item[data-id='{paged}'] .open-card")
    page.get_by_text("It was taken down.").wait_for()
    assert page.get_by_role("button", name="Watch", exact=True).count() == 0
