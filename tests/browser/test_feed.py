"""The feed page with mouse, keyboard and touch, in light and dark colours."""

from uuid import uuid4

import pytest

from tests.browser.conftest import DESKTOP, PHONE, page_opener


def sign_in(page):
    name = f"viewer {uuid4().hex[:6]}"
    page.fill("#user-name", name)
    page.press("#user-name", "Enter")
    page.wait_for_function("name => document.querySelector('#heading').textContent.includes(name)", arg=name)
    page.wait_for_selector(".item")
    page.wait_for_selector("#live.streaming")
    return name


def listed_ids(page):
    return page.eval_on_selector_all(".item", "items => items.map(item => item.dataset.id)")


def act_until_counted(page, act, verb):
    """Act, and wait until the page reports that the list reflects the action."""
    title = page.inner_text("#title")
    act()
    page.wait_for_function(
        "prefix => document.querySelector('#status').textContent.startsWith(prefix)", arg=f"{verb} “{title}”: "
    )
    page.wait_for_function("title => document.querySelector('#title').textContent !== title", arg=title)
    return title


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
    liked = [act_until_counted(page, lambda: page.click("#like"), "Liked") for _ in range(2)]
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
        page.wait_for_function("() => document.querySelector('#status').textContent.includes('kept, and sent again')")
        page.wait_for_function("title => document.querySelector('#title').textContent !== title", arg=first)
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
    for key, verb in (("l", "Liked"), ("s", "Skipped"), ("ArrowDown", "Watched")):
        act_until_counted(page, lambda key=key: page.keyboard.press(key), verb)
    act_until_counted(page, lambda: page.keyboard.press("Enter"), "Liked")
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

    act_until_counted(page, swipe, "Watched")
    act_until_counted(page, tap_twice, "Liked")


def test_a_user_who_is_not_signed_in_sees_trending_videos_and_is_asked_to_sign_in(audience, visit):
    page = visit("/")
    page.wait_for_selector(".item")
    assert page.inner_text("#heading") == "Trending"
    first = page.inner_text("#title")
    page.click("#next")
    page.wait_for_function("title => document.querySelector('#title').textContent !== title", arg=first)
    page.click("#like")
    assert page.evaluate("document.activeElement.id") == "user-name"
    assert "Sign in" in page.inner_text("#status")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_fits_the_screen_and_its_buttons_are_large_enough(audience, visit, scheme, size):
    page = visit("/", size, color_scheme=scheme, reduced_motion="reduce")
    sign_in(page)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= size["width"]
    for name in ("#like", "#skip", "#next"):
        box = page.locator(name).bounding_box()
        assert min(box["width"], box["height"]) >= 40
        assert box["y"] + box["height"] <= size["height"]
    assert len(page.screenshot()) > 10_000


def test_trending_can_be_filtered_by_window_and_tag(audience, visit):
    page = visit("/")
    page.wait_for_selector("#tag-filter .chip")
    page.click("[data-window='24h']")
    page.wait_for_function("() => document.querySelector('.reason')?.textContent.includes('in the last day, ')")
    tag = page.inner_text("#tag-filter .chip >> nth=0")
    page.click("#tag-filter .chip >> nth=0")
    page.wait_for_function("tag => document.querySelector('#heading').textContent === `Trending: ${tag}`", arg=tag)
    page.wait_for_function(
        "tag => [...document.querySelectorAll('#tags .chip')].some(chip => chip.textContent === tag)", arg=tag
    )
