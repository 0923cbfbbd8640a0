"""The feed page at each size in light and dark: it fits, nothing overlaps, and buttons are large enough."""

import pytest

from tests.browser.conftest import SIZES
from tests.browser.feed_page import act_until_counted, sign_in

CONTROLS = (
    *("#like", "#dislike", "#more", "#next", "#pause", "#sound", "#undo"),
    *("#expand", "#user-name", "#sign-in", "#sign-out"),
)


def boxes(page, selectors):
    """The boxes of those elements that are visible."""
    found = {one: page.locator(one).bounding_box() for one in selectors if page.locator(one).is_visible()}
    return {one: box for one, box in found.items() if box and box["width"]}


def overlap(one, other):
    return all(
        one[start] < other[start] + other[size] - 0.5 and other[start] < one[start] + one[size] - 0.5
        for start, size in (("x", "width"), ("y", "height"))
    )


def assert_laid_out(page, size):
    """The page is no wider than the screen, and no control overlaps another one, the message or the texts."""
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    controls = boxes(page, CONTROLS)
    for name, box in controls.items():
        assert min(box["width"], box["height"]) >= 38, name
        assert box["x"] >= 0, name
        assert box["x"] + box["width"] <= size["width"] + 0.5, name
        assert box["y"] + box["height"] <= size["height"] + 0.5, name
    fixed = controls | boxes(page, ["#status", "#title", "#heading", "#live", ".why"])
    names = list(fixed)
    for number, name in enumerate(names):
        for other in names[number + 1 :]:
            assert not overlap(fixed[name], fixed[other]), (name, fixed[name], other, fixed[other])


def assert_can_start_without_tags(page, size):
    """The button is fully visible, wherever the tags are scrolled to, and covers none that has the focus."""
    tags, start = page.locator("#pick-tags .chip"), page.locator("#pick-start")
    start.wait_for()
    box = start.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= size["width"]
    corners = [(box["x"] + x, box["y"] + box["height"] / 2) for x in (2, box["width"] - 2)]
    for number in range(tags.count()):
        tags.nth(number).focus()
        focused = tags.nth(number).bounding_box()
        assert focused["x"] >= 0
        assert focused["x"] + focused["width"] <= box["x"]
        assert [page.evaluate("at => document.elementFromPoint(...at).id", at) for at in corners] == ["pick-start"] * 2


OVERLAPS = """() => {
  const card = document.querySelector("#video"), message = document.querySelector(".message"), found = [];
  for (const name of ["out-up", "out-left", "in"]) {
    card.className = `video ${name}`;
    const [moving] = card.getAnimations();
    moving.pause();
    const length = moving.effect.getComputedTiming().endTime;
    for (let step = 0; step < 10; step++) {
      moving.currentTime = length * step / 10;
      const over = card.getBoundingClientRect().bottom - message.getBoundingClientRect().top;
      if (over > 0.5) found.push([name, step, over]);
    }
  }
  card.className = "video";
  return found;
}"""
"""By how many pixels the card is over the message, at each step of its transitions."""


def test_the_card_never_covers_the_message(audience, visit):
    page = visit("/")
    page.wait_for_function("() => document.querySelector('#list').children.length > 3")
    for size in SIZES.values():
        page.set_viewport_size(size)
        assert page.evaluate(OVERLAPS) == [], size


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES.keys())
def test_the_page_fits_the_screen_and_nothing_overlaps(audience, visit, scheme, size):
    page = visit("/", size, color_scheme=scheme, reduced_motion="reduce")
    page.wait_for_selector("#live.streaming")
    page.wait_for_function("() => document.querySelector('#list').children.length > 3")
    assert_laid_out(page, size)
    if size["width"] <= SIZES["430"]["width"]:
        assert_can_start_without_tags(page, size)
    sign_in(page) if size["height"] > 600 else page.wait_for_timeout(100)
    act_until_counted(page, lambda: page.click("#like"), "Liked")
    assert page.locator("#undo").is_visible()
    assert_laid_out(page, size)
    if page.locator("#expand").is_visible():
        page.click("#expand")
        assert_laid_out(page, size)
        for name in ("#search", "[data-list='history']"):
            box = page.locator(name).bounding_box()
            assert box["x"] + box["width"] <= size["width"]
    assert len(page.screenshot()) > 10_000


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES.keys())
def test_an_opened_card_fits_the_screen(audience, visit, size):
    page = visit("/", size, reduced_motion="reduce")
    page.wait_for_selector("#live.streaming")
    page.keyboard.press("i")
    page.wait_for_selector("#details .abouts")
    box = page.locator("#details").bounding_box()
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= size["width"]
    assert box["y"] + box["height"] <= size["height"]
    assert page.eval_on_selector("#details", "card => card.scrollWidth <= card.clientWidth")
