"""The pages of a server that wants a key: asked for once, kept in the tab, shown with every request."""

from dataclasses import replace

import pytest

from recomind.runtime.api_keys import new_key
from tests.browser.conftest import DESKTOP, PHONE, visits
from tests.browser.test_docs import opened, tried
from tests.conftest import workers

READER, READER_ENTRY = new_key("reader", ["read"])
BOTH, BOTH_ENTRY = new_key("both", ["read", "write"])
REFUSED = "Failed to load resource: the server responded with a status of "
"""How Chromium itself notes every request that is answered 401 or 403."""


@pytest.fixture(scope="module")
def shut(stack, worker, tmp_path_factory):
    """A worker that wants keys."""
    settings = replace(stack.settings, api_keys=f"{READER_ENTRY},{BOTH_ENTRY}")
    with workers(settings, tmp_path_factory.mktemp("shut")) as start:
        running = start().wait_ready()
        yield running
        running.stop()
    worker.wait_ready()


@pytest.fixture
def visit(browser, shut, audience):
    with visits(browser, shut.base, (f"{REFUSED}401", f"{REFUSED}403")) as open_page:
        yield open_page


def give(page, key):
    page.wait_for_selector("dialog[open]")
    page.fill("#key", key)
    page.keyboard.press("Enter")


def kept(page):
    return page.evaluate("sessionStorage.getItem('recomind-key')")


def test_a_key_is_asked_for_once_and_the_list_comes_live(visit):
    page = visit("/")
    page.wait_for_selector("dialog[open]")
    assert page.evaluate("document.activeElement.id") == "key"
    give(page, READER)
    page.wait_for_selector("#live.on")
    page.wait_for_selector(".item")
    assert page.locator("dialog").count() == 0
    page.reload()
    page.wait_for_selector("#live.on")
    assert (page.locator("dialog").count(), kept(page), READER in page.url) == (0, READER, False)


def test_a_key_stays_in_its_tab(visit):
    first = visit("/")
    give(first, READER)
    first.wait_for_selector("#live.on")
    second = first.context.new_page()
    second.goto("/")
    second.wait_for_selector("dialog[open]")
    assert kept(second) is None


def test_an_unknown_key_is_asked_for_again_and_says_so(visit):
    page = visit("/")
    give(page, "guess")
    page.wait_for_selector("#key[aria-invalid=true]")
    assert page.inner_text("#key-told") == "Not with this key: this key is unknown."
    give(page, READER)
    page.wait_for_selector("#live.on")


def test_a_like_asks_for_a_key_that_may_write_and_is_then_sent(visit):
    page = visit("/?user=keyed viewer")
    give(page, READER)
    page.wait_for_selector("#live.on")
    page.keyboard.press("l")
    page.wait_for_selector("dialog[open]")
    assert "lacks the scope write" in page.inner_text("#key-told")
    give(page, BOTH)
    page.wait_for_function("() => document.querySelector('#said').textContent.startsWith('Liked')")
    assert kept(page) == BOTH


def test_whoever_gives_no_key_is_left_in_peace_and_may_do_so_later(visit):
    page = visit("/")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    page.wait_for_function("() => document.querySelector('#live').textContent === 'a key is needed'")
    page.wait_for_timeout(3500)
    assert page.locator("dialog").count() == 0
    page.click("#key-change")
    give(page, READER)
    page.wait_for_selector("#live.on")


def test_a_key_can_be_forgotten_with_the_keyboard_alone(visit):
    page = visit("/")
    give(page, READER)
    page.wait_for_selector("#live.on")
    page.focus("#key-change")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.inner_text(":focus") == "Forget it"
    page.keyboard.press("Enter")
    page.wait_for_function("() => sessionStorage.getItem('recomind-key') === null")
    page.wait_for_selector("dialog[open]")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_question_fits_and_can_be_hit(visit, scheme, size):
    page = visit("/", size, color_scheme=scheme, reduced_motion="reduce")
    page.wait_for_selector("dialog[open]")
    box = page.locator("dialog").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= size["width"]
    for button in page.locator("dialog button:visible").all():
        assert button.bounding_box()["height"] >= 38
    assert len(page.screenshot()) > 10_000


def test_a_key_given_to_a_page_is_used_where_the_api_is_tried_out(visit):
    page = visit("/")
    give(page, READER)
    page.wait_for_selector("#live.on")
    page.goto("/docs")
    block = opened(page, "trending")
    assert tried(block)[0].startswith("200")
