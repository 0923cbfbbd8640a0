"""The feed page with mouse, keyboard and touch."""

from uuid import uuid4

import pytest

from tests.browser.conftest import PHONE, page_opener
from tests.browser.feed_page import (
    act_until_counted,
    leave_until_counted,
    listed_ids,
    sign_in,
    wait_for_another,
    wait_for_status,
)


@pytest.mark.parametrize("name", [".", ".."])
def test_a_user_whose_id_means_a_folder_in_paths_gets_a_feed(audience, visit, name):
    page = visit("/")
    page.fill("#user-name", name)
    page.click("#sign-in")
    page.wait_for_function("name => document.querySelector('#heading').textContent === `Next for ${name}`", arg=name)
    page.wait_for_selector(".item")
    answer = page.evaluate(
        """async name => { const { pathSegment } = await import("./assets/path_segment.js");
        return (await fetch(`users/${pathSegment(name)}/profile`)).json(); }""",
        name,
    )
    assert answer["user_id"] == name


def test_two_likes_change_the_list_without_a_reload(audience, visit):
    page = visit("/")
    sign_in(page)
    before = listed_ids(page)
    liked = []
    for _ in range(2):
        liked.append(act_until_counted(page, lambda: page.click("#like"), "Liked"))
        page.click("#next")
        wait_for_another(page, liked[-1])
    assert listed_ids(page) != before
    page.wait_for_selector("#profile .chip")
    assert page.inner_text("#profile").startswith("2 liked")
    reasons = page.inner_text("#list")
    assert any(text in reasons for text in [*liked, "You like", "what you liked"])


def test_a_like_that_no_worker_takes_is_sent_again_in_order(audience, browser):
    with page_opener(browser, audience.base_url, expected=["Failed to load resource"]) as open_page:
        page, failures = open_page("/"), [None, 503, 502, 429]
        sign_in(page)

        def fail(route):
            if failures:
                status = failures.pop(0)
                route.abort() if status is None else route.fulfill(status=status, body="<html>")
            else:
                route.continue_()

        page.route("**/video_action", fail)
        first = page.inner_text("#title")
        page.click("#like")
        wait_for_status(page, "No worker takes this now. It is kept, and sent again.")
        page.click("#next")
        wait_for_another(page, first)
        page.click("#like")
        page.wait_for_function("() => document.querySelector('#profile').textContent.startsWith('2 liked')")
        assert failures == []


def test_the_feed_works_with_the_keyboard_alone(audience, visit):
    page = visit("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    page.focus("#user-name")
    page.keyboard.type(f"keys {uuid4().hex[:6]}")
    page.keyboard.press("Enter")
    page.wait_for_selector("#live.streaming")
    page.wait_for_function("() => document.activeElement.id === 'like'")
    leave_until_counted(page, lambda: page.keyboard.press("n"), "Skipped")
    leave_until_counted(page, lambda: page.keyboard.press("ArrowDown"), "Watched")
    leave_until_counted(page, lambda: page.keyboard.press("x"), "Not interested in")
    act_until_counted(page, lambda: page.keyboard.press("Enter"), "Liked")
    page.keyboard.press("u")
    wait_for_status(page, "No longer liked: ")
    page.keyboard.press("i")
    page.wait_for_selector("#details[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector("#details", state="hidden")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_a_thumb_swipes_to_the_next_video_and_taps_twice_to_like(audience, visit):
    page = visit("/", PHONE, has_touch=True, is_mobile=True)
    sign_in(page)
    box = page.locator("#video").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def swipe():
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x, y - 150, steps=4)
        page.mouse.up()

    def tap_twice():
        page.touchscreen.tap(x, y)
        page.touchscreen.tap(x, y)

    leave_until_counted(page, swipe, "Watched")
    act_until_counted(page, tap_twice, "Liked")


def test_trending_can_be_filtered_by_window_and_tag(audience, visit):
    page = visit("/")
    page.click("[data-list='trending']")
    page.wait_for_selector("#tag-filter .chip")
    page.click("[data-window='24h']")
    page.wait_for_function("() => document.querySelector('#list .reason')?.textContent.includes('in the last day, ')")
    tag = page.inner_text("#tag-filter .chip >> nth=0")
    page.click("#tag-filter .chip >> nth=0")
    page.wait_for_function("tag => document.querySelector('#heading').textContent === `Trending: ${tag}`", arg=tag)
    page.wait_for_function(
        "tag => [...document.querySelectorAll('#tags .chip')].some(chip => chip.textContent === tag)", arg=tag
    )


DENY_STORAGE = """for (const name of ["localStorage", "sessionStorage"]) {
  Object.defineProperty(window, name, { get() { throw new DOMException("denied", "SecurityError"); } });
}"""
"""What browsers do that are to store nothing."""

FILL_STORAGE = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };"


@pytest.mark.parametrize("script", [DENY_STORAGE, FILL_STORAGE], ids=["denied", "full"])
def test_the_feed_works_in_a_browser_that_stores_nothing(audience, visit, script):
    page = visit("about:blank")
    page.add_init_script(script)
    page.goto("/")
    page.wait_for_selector("#list .item")
    title = act_until_counted(page, lambda: page.click("#like"), "Liked")
    page.click("[data-list='history']")
    assert page.locator("#other-list h3").all_inner_texts() == [title]
