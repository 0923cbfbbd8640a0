"""The pages of a server that needs an API key: the page asks once, keeps the key in the tab, and sends it."""

from dataclasses import replace

import pytest

from recomind.runtime.api_keys import new_key
from tests.browser.conftest import DESKTOP, PHONE, page_opener
from tests.browser.test_docs import execute, open_operation
from tests.conftest import workers

READER, READER_ENTRY = new_key("reader", ["read"])
BOTH, BOTH_ENTRY = new_key("both", ["read", "write"])
REFUSED = "Failed to load resource: the server responded with a status of "
"""Start of the message that Chromium logs for a response with status 401 or 403."""


@pytest.fixture(scope="module")
def worker_with_keys(stack, worker, tmp_path_factory):
    """A worker that needs an API key."""
    settings = replace(stack.settings, api_keys=f"{READER_ENTRY},{BOTH_ENTRY}")
    with workers(settings, tmp_path_factory.mktemp("keys")) as start:
        started = start().wait_ready()
        yield started
        started.stop()
    worker.wait_ready()


@pytest.fixture
def visit(browser, worker_with_keys, audience):
    with page_opener(browser, worker_with_keys.base_url, (f"{REFUSED}401", f"{REFUSED}403")) as open_page:
        yield open_page


def enter_key(page, key):
    page.wait_for_selector("dialog[open]")
    page.fill("#key", key)
    page.keyboard.press("Enter")


def stored_key(page):
    return page.evaluate("sessionStorage.getItem('recomind-key')")


def test_the_page_asks_for_a_key_once_and_then_shows_the_list_live(visit):
    page = visit("/")
    page.wait_for_selector("dialog[open]")
    assert page.evaluate("document.activeElement.id") == "key"
    enter_key(page, READER)
    page.wait_for_selector("#live.streaming")
    page.wait_for_selector(".item")
    assert page.locator(".key-dialog").count() == 0
    page.reload()
    page.wait_for_selector("#live.streaming")
    assert (page.locator(".key-dialog").count(), stored_key(page), READER in page.url) == (0, READER, False)


def test_a_key_is_not_shared_with_other_tabs(visit):
    first = visit("/")
    enter_key(first, READER)
    first.wait_for_selector("#live.streaming")
    second = first.context.new_page()
    second.goto("/")
    second.wait_for_selector("dialog[open]")
    assert stored_key(second) is None


def test_an_unknown_key_is_refused_and_the_page_asks_again(visit):
    page = visit("/")
    enter_key(page, "guess")
    page.wait_for_selector("#key[aria-invalid=true]")
    assert page.inner_text("#key-error") == "Key refused: this key is unknown."
    enter_key(page, READER)
    page.wait_for_selector("#live.streaming")


def test_a_like_asks_for_a_key_with_the_scope_write_and_is_then_sent(visit):
    page = visit("/?user=keyed viewer")
    enter_key(page, READER)
    page.wait_for_selector("#live.streaming")
    page.keyboard.press("l")
    page.wait_for_selector("dialog[open]")
    assert "lacks the scope write" in page.inner_text("#key-error")
    enter_key(page, BOTH)
    page.wait_for_function("() => document.querySelector('#status').textContent.startsWith('Liked')")
    assert stored_key(page) == BOTH


def test_a_user_who_declines_is_not_asked_again_and_can_enter_a_key_later(visit):
    page = visit("/")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    page.wait_for_function("() => document.querySelector('#live').textContent === 'API key needed'")
    page.wait_for_timeout(3500)
    assert page.locator(".key-dialog").count() == 0
    page.click("#key-change")
    enter_key(page, READER)
    page.wait_for_selector("#live.streaming")


def test_a_key_can_be_removed_with_the_keyboard_alone(visit):
    page = visit("/")
    enter_key(page, READER)
    page.wait_for_selector("#live.streaming")
    page.focus("#key-change")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.inner_text(":focus") == "Remove key"
    page.keyboard.press("Enter")
    page.wait_for_function("() => sessionStorage.getItem('recomind-key') === null")
    page.wait_for_selector("dialog[open]")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_dialog_fits_the_screen_and_its_buttons_are_large_enough(visit, scheme, size):
    page = visit("/", size, color_scheme=scheme, reduced_motion="reduce")
    page.wait_for_selector("dialog[open]")
    box = page.locator(".key-dialog").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= size["width"]
    for button in page.locator(".key-dialog button:visible").all():
        assert button.bounding_box()["height"] >= 38
    assert len(page.screenshot()) > 10_000


def test_the_documentation_page_uses_the_key_of_the_feed_page(visit):
    page = visit("/")
    enter_key(page, READER)
    page.wait_for_selector("#live.streaming")
    page.goto("/docs")
    block = open_operation(page, "trending")
    assert execute(block)[0].startswith("200")
