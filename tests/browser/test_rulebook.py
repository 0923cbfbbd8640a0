"""The rules page: put a draft, preview it on a user, have it go live, and delete it, on a desktop and a phone."""

import time

import pytest
from axe_playwright_python.sync_playwright import Axe

from recomind.client import Client
from tests.browser.conftest import DESKTOP, PHONE, deleted_afterwards, page_opener


@pytest.fixture
def rule_id(worker):
    with deleted_afterwards(worker, "rules") as made:
        yield made


def rule_on(page, rule_id):
    return page.locator(".rule", has_text=rule_id)


def fill(page, rule_id, where, action="filter"):
    page.fill("#rule-id", rule_id)
    page.select_option("#action", action)
    page.fill("#where", where)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_rule_is_drafted_previewed_and_goes_live(audience, visit, rule_id, size):
    with Client(audience.base_url) as client:
        assert any("chess" in video.tags for video in client.recommendations("jazz fan 0", n=50).videos)
        page = visit("/rulebook", size)
        fill(page, rule_id, "tag:chess")
        page.click("text=Save as draft")
        rule_on(page, rule_id).get_by_text("Does not act.").wait_for()
        assert rule_on(page, rule_id).locator(".changed").inner_text().startswith("Changed ")
        page.select_option("#preview-rule", rule_id)
        page.fill("#preview-user", "jazz fan 0")
        page.locator("#preview-form button").click()
        page.wait_for_selector("#before li.about")
        assert page.locator("#after li.about").count() == 0
        assert any("chess" in video.tags for video in client.recommendations("jazz fan 0", n=50).videos)
        page.on("dialog", lambda dialog: dialog.accept())
        rule_on(page, rule_id).get_by_text("Go live").click()
        rule_on(page, rule_id).get_by_text("live", exact=True).wait_for()
        found = client.recommendations("jazz fan 0", n=50).videos
        assert found
        assert all("chess" not in video.tags for video in found)
        deadline = time.monotonic() + 20
        while "Last hour: 0" in rule_on(page, rule_id).inner_text() and time.monotonic() < deadline:
            time.sleep(0.2)
        assert "Last hour: 0" not in rule_on(page, rule_id).inner_text()
        result = Axe().run(page)
        assert result.violations_count == 0, result.generate_report()
        rule_on(page, rule_id).get_by_text("Delete").click()
        rule_on(page, rule_id).wait_for(state="detached")
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_a_fault_is_shown_in_words_and_fields_follow_the_action(browser, audience, rule_id):
    with page_opener(browser, audience.base_url, ("Failed to load resource: ",)) as open_page:
        page = open_page("/rulebook")
        fill(page, rule_id, "colour:red", "pin")
        assert page.locator("#place").is_visible()
        assert not page.locator("#factor").is_visible()
        page.click("text=Save and go live")
        page.wait_for_selector("#message.bad")
        assert "there is no field colour" in page.inner_text("#message")
