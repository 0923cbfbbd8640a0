"""The experiments page: put an experiment, see its arms, end and delete it, on a desktop and a phone."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe

from recomind.client import Client
from tests.browser.conftest import DESKTOP, PHONE, deleted_afterwards, page_opener


@pytest.fixture
def name(worker):
    with deleted_afterwards(worker, "experiments") as made:
        yield made


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_an_experiment_is_put_shown_ended_and_deleted(audience, visit, name, size):
    page = visit("/experiments", size)
    page.fill("#name", name)
    page.fill("#definition", json.dumps({"arms": [{"name": "A"}, {"name": "B", "spread": 0.2}], "note": "a try"}))
    page.click("text=Save")
    entry = page.locator(".rule", has_text=name)
    entry.get_by_text("running", exact=True).wait_for()
    with Client(audience.base_url) as client:
        for number in range(6):
            client.recommendations(f"{name}-{number}", n=5)
    page.wait_for_function(
        "name => /[1-9]/.test([...document.querySelectorAll('.rule')].find(one => one.innerText.includes(name))"
        "?.querySelector('td')?.innerText)",
        arg=name,
        timeout=30_000,
    )
    assert "too few users yet" in entry.inner_text()
    result = Axe().run(page)
    assert result.violations_count == 0, result.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    entry.get_by_role("button", name="End now").click()
    entry.get_by_text("ended", exact=True).wait_for()
    page.on("dialog", lambda dialog: dialog.accept())
    assert entry.locator(".changed").inner_text().startswith("Changed ")
    entry.get_by_role("button", name="Delete").click()
    entry.wait_for(state="detached")
    changes = page.locator("#changes li", has_text=name)
    changes.get_by_text("deleted").wait_for()
    assert changes.count() == 3
    changes.nth(1).locator("summary").click()
    assert "ends_at" in changes.nth(1).locator("pre").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_lists_that_lack_their_ranker_are_shown_and_many_are_warned_of(visit, name):
    page = visit("/experiments", PHONE)

    def answer(route):
        response = route.fetch()
        entries = response.json()
        first, second = next((one["arms"] for one in entries if one["name"] == name), ({}, {}))
        first |= {"lists": 1_000, "ranker_left_out": 0.004}
        second |= {"lists": 1_000, "ranker_left_out": 0.023}
        for one in entries:
            one["sources_ignored"] = {"B": "arm B: the scenario has the ranker popularity"}
        route.fulfill(response=response, json=entries)

    page.route("**/experiments", answer)
    page.fill("#name", name)
    arms = [{"name": "A"}, {"name": "B", "ranker": "random"}]
    page.fill("#definition", json.dumps({"arms": arms, "traffic": 0.0001}))
    page.click("text=Save")
    entry = page.locator(".rule", has_text=name)
    entry.get_by_text("The ranker of arm B was left out of 2.30 % of 1,000 lists").wait_for()
    entry.get_by_text("Sources are ignored: arm B: the scenario has the ranker popularity.").wait_for()
    assert "0.40 %" in entry.inner_text()
    assert "arm A was left out" not in entry.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_fault_is_shown_in_words(browser, audience, name):
    with page_opener(browser, audience.base_url, ("Failed to load resource: ",)) as open_page:
        page = open_page("/experiments")
        page.fill("#name", name)
        page.fill("#definition", '{"arms":[{"name":"A"},{"name":"B","ranker":"gossip"}]}')
        page.click("text=Save")
        page.get_by_text("there is no ranker gossip").wait_for()
        page.fill("#definition", "{")
        page.click("text=Save")
        page.get_by_text("The definition is no JSON").wait_for()
