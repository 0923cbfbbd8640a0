"""The API documentation page: reading it, and sending requests from it to the worker."""

import json

import pytest

from tests.browser.conftest import DESKTOP, PHONE


def open_operation(page, operation):
    """Open an operation and return its block."""
    block = page.locator(f"[id$='-{operation}']")
    block.locator(".opblock-summary-control").click()
    return block


def execute(block):
    """Send the request of an operation and return the status and the body of the response."""
    block.locator(".execute").click()
    response = block.locator(".live-responses-table .response")
    response.wait_for()
    return response.locator(".response-col_status").inner_text(), response.locator(".highlight-code").first.inner_text()


def test_a_get_can_be_executed(audience, visit):
    block = open_operation(visit("/docs"), "trending")
    block.locator("tr[data-param-name=n] input").fill("2")
    status, body = execute(block)
    assert status.startswith("200")
    videos = json.loads(body[body.index("[") : body.rindex("]") + 1])
    assert [set(video) for video in videos] == [{"video_id", "title", "url", "tags"}] * 2


def test_the_example_of_a_post_is_accepted_unchanged(audience, visit):
    status, body = execute(open_operation(visit("/docs"), "post_action"))
    assert status.startswith("202")
    assert '"token"' in body


def test_a_number_out_of_bounds_is_not_sent(audience, visit):
    block = open_operation(visit("/docs"), "recommendations")
    block.locator("tr[data-param-name=n] input").fill("51")
    block.locator(".execute").click()
    block.locator("tr[data-param-name=n] input.invalid").wait_for()
    assert block.locator(".live-responses-table").count() == 0


def test_an_event_stream_cannot_be_executed(audience, visit):
    block = open_operation(visit("/docs"), "feed_events")
    block.get_by_text("curl -N").wait_for()
    assert block.locator(".execute").count() == 0


def test_an_operation_opens_with_the_keyboard(audience, visit):
    page = visit("/docs")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    button = page.locator("[id$='-trending'] .opblock-summary-control")
    button.focus()
    page.keyboard.press("Enter")
    page.locator("[id$='-trending'] .execute").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_fits_the_screen(audience, visit, scheme, size):
    page = visit("/docs", size, color_scheme=scheme)
    open_operation(page, "trending").locator(".execute").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(246, 245, 242)", "dark": "rgb(18, 17, 20)"}[scheme]
