"""The API's description in a browser: read, and tried out against the worker that serves it."""

import json

import pytest

from tests.browser.conftest import DESKTOP, PHONE


def opened(page, operation):
    """The block of an operation, opened."""
    block = page.locator(f"[id$='-{operation}']")
    block.locator(".opblock-summary-control").click()
    return block


def tried(block):
    """What the worker answered, by its status and its body."""
    block.locator(".execute").click()
    answer = block.locator(".live-responses-table .response")
    answer.wait_for()
    return answer.locator(".response-col_status").inner_text(), answer.locator(".highlight-code").first.inner_text()


def test_a_get_is_tried_out_and_answers(audience, visit):
    block = opened(visit("/docs"), "trending")
    block.locator("tr[data-param-name=n] input").fill("2")
    status, body = tried(block)
    assert status.startswith("200")
    videos = json.loads(body[body.index("[") : body.rindex("]") + 1])
    assert [set(video) for video in videos] == [{"video_id", "title", "url", "tags"}] * 2


def test_the_example_of_a_post_is_taken_as_it_stands(audience, visit):
    status, body = tried(opened(visit("/docs"), "post_action"))
    assert status.startswith("202")
    assert '"token"' in body


def test_a_number_out_of_bounds_is_not_even_sent(audience, visit):
    block = opened(visit("/docs"), "recommendations")
    block.locator("tr[data-param-name=n] input").fill("51")
    block.locator(".execute").click()
    block.locator("tr[data-param-name=n] input.invalid").wait_for()
    assert block.locator(".live-responses-table").count() == 0


def test_a_stream_that_does_not_end_is_not_offered_to_try(audience, visit):
    block = opened(visit("/docs"), "feed_events")
    block.get_by_text("curl -N").wait_for()
    assert block.locator(".execute").count() == 0


def test_the_keyboard_opens_an_operation(audience, visit):
    page = visit("/docs")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "jump"
    button = page.locator("[id$='-trending'] .opblock-summary-control")
    button.focus()
    page.keyboard.press("Enter")
    page.locator("[id$='-trending'] .execute").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_description_fits_the_screen(audience, visit, scheme, size):
    page = visit("/docs", size, color_scheme=scheme)
    opened(page, "trending").locator(".execute").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    back = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert back == {"light": "rgb(246, 245, 242)", "dark": "rgb(18, 17, 20)"}[scheme]
