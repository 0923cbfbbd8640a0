"""The feed as people use it: with keys, with a thumb, in the light and in the dark."""

from uuid import uuid4

import pytest

from tests.browser.conftest import DESKTOP, PHONE


def sign_in(page):
    name = f"viewer {uuid4().hex[:6]}"
    page.fill("#who", name)
    page.press("#who", "Enter")
    page.wait_for_function("name => document.querySelector('#heading').textContent.includes(name)", arg=name)
    page.wait_for_selector(".item")
    page.wait_for_selector("#live.on")
    return name


def listed(page):
    return page.eval_on_selector_all(".item", "items => items.map(item => item.dataset.id)")


def act_until_counted(page, act, said):
    """Act, and wait until the page says that the list counts it."""
    title = page.inner_text("#title")
    act()
    page.wait_for_function(
        "told => document.querySelector('#said').textContent.startsWith(told)", arg=f"{said} “{title}”: "
    )
    page.wait_for_function("title => document.querySelector('#title').textContent !== title", arg=title)
    return title


def test_two_likes_change_the_list_before_ones_eyes(audience, visit):
    page = visit("/")
    sign_in(page)
    before = listed(page)
    liked = [act_until_counted(page, lambda: page.click("#like"), "Liked") for _ in range(2)]
    assert listed(page) != before
    page.wait_for_selector("#taste .chip")
    assert page.inner_text("#taste").startswith("2 liked")
    reasons = page.inner_text("#list")
    assert any(title in reasons for title in liked) or "You like" in reasons


def test_the_feed_works_with_the_keyboard_alone(audience, visit):
    page = visit("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "jump"
    page.focus("#who")
    page.keyboard.type(f"keys {uuid4().hex[:6]}")
    page.keyboard.press("Enter")
    page.wait_for_selector("#live.on")
    page.wait_for_function("() => document.activeElement.id === 'like'")
    for key, said in (("l", "Liked"), ("s", "Skipped"), ("ArrowDown", "Watched")):
        act_until_counted(page, lambda key=key: page.keyboard.press(key), said)
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


def test_nobody_signed_in_sees_what_trends_and_is_asked_who_she_is(audience, visit):
    page = visit("/")
    page.wait_for_selector(".item")
    assert page.inner_text("#heading") == "Trending"
    first = page.inner_text("#title")
    page.click("#next")
    page.wait_for_function("title => document.querySelector('#title').textContent !== title", arg=first)
    page.click("#like")
    assert page.evaluate("document.activeElement.id") == "who"
    assert "Sign in" in page.inner_text("#said")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_nothing_runs_over_the_edge_and_everything_can_be_hit(audience, visit, scheme, size):
    page = visit("/", size, color_scheme=scheme, reduced_motion="reduce")
    sign_in(page)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= size["width"]
    for name in ("#like", "#skip", "#next"):
        box = page.locator(name).bounding_box()
        assert min(box["width"], box["height"]) >= 40
        assert box["y"] + box["height"] <= size["height"]
    assert len(page.screenshot()) > 10_000


def test_trending_can_be_narrowed_to_a_time_and_a_tag(audience, visit):
    page = visit("/")
    page.wait_for_selector("#topics .chip")
    page.click("[data-window='24h']")
    page.wait_for_function("() => document.querySelector('.reason')?.textContent.includes('in the last day, ')")
    tag = page.inner_text("#topics .chip >> nth=0")
    page.click("#topics .chip >> nth=0")
    page.wait_for_function("tag => document.querySelector('#heading').textContent === `Trending: ${tag}`", arg=tag)
    page.wait_for_function(
        "tag => [...document.querySelectorAll('#tags .chip')].some(chip => chip.textContent === tag)", arg=tag
    )
