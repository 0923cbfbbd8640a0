"""The operations page: live statistics of all workers, API keys, light and dark colours."""

from dataclasses import replace

import pytest

from recomind.runtime.api_keys import new_key
from tests.browser.conftest import DESKTOP, PHONE, page_opener, send
from tests.conftest import workers

READER, READER_ENTRY = new_key("reader", ["read"])
OPERATOR, OPERATOR_ENTRY = new_key("operator", ["admin"])
REFUSED = "Failed to load resource: "
"""Start of the message that Chromium logs for every failed request."""

PARTITIONS = "[...document.querySelectorAll('#workers .parts i')].map(item => item.textContent)"
"""JavaScript that returns the partitions on the page. It is one call because rows are replaced every second: Playwright
would find an element first and read its text later, perhaps after its removal (`01` instead of `0 1`)."""

TOTAL = {
    **dict.fromkeys(("fresh_p50", "fresh_p99", "cache_hits")),
    **dict.fromkeys(("lag", "waiting", "dead_letters", "timer_errors", "version"), 0),
}


@pytest.fixture(scope="module")
def second(stack, worker, tmp_path_factory):
    """A second worker, which needs an API key."""
    settings = replace(stack.settings, api_keys=f"{READER_ENTRY},{OPERATOR_ENTRY}")
    with workers(settings, tmp_path_factory.mktemp("second")) as start:
        yield start().wait_ready()
    worker.wait_ready()


@pytest.fixture
def visit_second(browser, second):
    with page_opener(browser, second.base_url, (REFUSED,)) as open_page:
        yield open_page


def open_operations(visit, size=DESKTOP, **options):
    page = visit("/ops", size, **options)
    page.wait_for_selector("#live.streaming")
    page.wait_for_selector("#workers th")
    return page


def post_like(worker, name):
    like = {"user_id": name, "video_id": "jazz-1", "action_type": "like"}
    send(worker.base_url, "POST", "/video_actions", [like])


def find_problems(page, now=None, before=(), workers=({},), missing=(), whole=True):
    overview = {
        "together": {**TOTAL, **(now or {})},
        "workers": list(workers),
        "missing": list(missing),
        "whole": whole,
    }
    points = [{**TOTAL, **point} for point in (*before, now or {})]
    return page.evaluate(
        "given => import('/assets/health_check.js').then(health => health.findProblems(...given))", [overview, points]
    )


def test_an_action_appears_within_seconds_without_a_reload(audience, visit):
    page = open_operations(visit)
    post_like(audience, "seen by the operator")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.metric')].some(panel => panel.querySelector('.name').textContent"
        " === 'Actions per second' && parseFloat(panel.querySelector('.value').textContent) > 0)"
    )
    page.wait_for_function("() => document.querySelectorAll('.metric .value')[1].textContent.includes('s')")
    assert page.evaluate(PARTITIONS) == ["0", "1", "2", "3"]
    assert "leader" in page.inner_text("#workers th")
    assert page.inner_text("#health strong") in {"No problems found", "Needs attention"}


def test_what_was_shown_and_weights_are_told_after_the_first_list_and_likes(audience, visit):
    page = open_operations(visit)
    shown = page.evaluate("fetch('/recommendations/looker?n=3').then(response => response.json())")
    like = {"user_id": "looker", "video_id": shown[0]["video_id"], "action_type": "like"}
    send(audience.base_url, "POST", "/video_actions", [like])
    post_like(audience, "user with a like of something else")
    page.wait_for_function("() => document.querySelector('#served .main td').textContent.includes('%')")
    page.wait_for_selector("#sources .row.main")
    assert page.inner_text("#sources .row.main").startswith("All lists")
    assert page.locator("#places .row").count() >= 3
    page.wait_for_selector("#weights .row")
    assert "likes of all users" in page.inner_text("#blend-note")


def test_the_pages_link_to_each_other(audience, visit):
    page = visit("/")
    page.click("nav >> text=Operations")
    page.wait_for_selector("#live.streaming")
    assert page.title().endswith("RecoMind: operations")
    page.click("nav >> text=Feed")
    page.wait_for_selector("#video")


def test_the_metrics_are_reached_with_the_keyboard_and_have_names(audience, visit):
    page = open_operations(visit)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "metrics"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Table of workers"
    names = page.eval_on_selector_all(
        "svg[role=img]", "charts => charts.map(chart => chart.getAttribute('aria-label'))"
    )
    assert len(names) == 10
    assert names[0].startswith("Actions per second, the last ")
    unnamed = "charts => charts.filter(chart => !chart.closest('[role=img], [aria-hidden]')).length"
    assert page.eval_on_selector_all("main svg", unnamed) == 0


def test_a_chart_shows_the_value_and_time_at_the_pointer(audience, visit):
    page = open_operations(visit)
    assert page.inner_text(".metric .axis").split()[-1] == "now"
    page.hover(".metric svg")
    page.wait_for_function("() => /^[0-9]{2}:[0-9]{2}:[0-9]{2}/.test(document.querySelector('.axis').textContent)")
    page.mouse.move(1, 1)
    page.wait_for_function("() => document.querySelector('.axis').textContent.endsWith('now')")


def test_the_page_loads_nothing_from_other_hosts(audience, visit):
    page = open_operations(visit)
    origins = page.evaluate("performance.getEntriesByType('resource').map(entry => new URL(entry.name).origin)")
    assert set(origins) == {audience.base_url}
    assert len(origins) >= 6


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_fits_the_screen(audience, visit, scheme, size):
    page = open_operations(visit, size, color_scheme=scheme, reduced_motion="reduce")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    edges = page.eval_on_selector_all(
        ".metric, .panel, .health-bar", "boxes => boxes.map(box => box.getBoundingClientRect().right)"
    )
    assert max(edges) <= size["width"]
    assert len(page.screenshot(full_page=True)) > 10_000


def test_the_page_lists_the_problems_found(audience, visit):
    page = visit("/ops")
    assert find_problems(page) == []
    assert find_problems(page, {"cache_hits": 0.9, "fresh_p99": 0.2, "dead_letters": 3}, [{"dead_letters": 3}]) == []
    assert find_problems(page, {"fresh_p99": 7.5, "lag": 12_345, "cache_hits": 0.25}) == [
        "Lists are late: the 99th percentile of freshness is 7.5 s.",
        "The consumer lag is 12,345 records.",
        "Only 25 % of the requested lists are in Redis.",
    ]
    assert find_problems(page, missing=[2, 3]) == [
        "Partitions 2, 3 have no worker: a worker is being replaced, or has stopped."
    ]
    assert find_problems(page, workers=[], missing=[0]) == ["No worker publishes statistics."]
    assert find_problems(page, whole=False)[0].startswith("Redis is unavailable")


def test_a_counter_that_restarts_with_a_worker_still_grows(audience, visit):
    page = visit("/ops")
    before = [{"dead_letters": 5, "timer_errors": 0}, {"dead_letters": 7}, {"dead_letters": 0}]
    assert find_problems(page, {"dead_letters": 1, "timer_errors": 1}, before) == [
        "3 records could not be read: run recomind dead-letters.",
        "Timers failed 1 time: see the logs of the workers.",
    ]


def test_the_page_asks_for_a_key_with_the_scope_admin(visit_second):
    page = visit_second("/ops")
    for key in (READER, OPERATOR):
        page.wait_for_selector("dialog[open]")
        page.fill("#key", key)
        page.keyboard.press("Enter")
        if key == READER:
            page.wait_for_function("() => document.querySelector('#key-error')?.textContent.includes('scope admin')")
    page.wait_for_selector("#live.streaming")
    page.wait_for_selector("#workers th")


def test_a_user_who_declines_sees_which_scope_is_needed(visit_second):
    page = visit_second("/ops")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    page.wait_for_function("() => document.querySelector('#health').textContent.includes('scope admin')")


def test_every_worker_shows_all_workers_and_a_killed_one_is_replaced(audience, visit, second, visit_second):
    page, other = open_operations(visit), visit_second("/ops")
    other.wait_for_selector("dialog[open]")
    other.fill("#key", OPERATOR)
    other.keyboard.press("Enter")
    for shown in (page, other):
        shown.wait_for_function("() => document.querySelectorAll('#workers tr').length === 2")
        shown.wait_for_function(f"() => String({PARTITIONS}.sort()) === '0,1,2,3'")
    second.kill()
    other.wait_for_selector("body.stale")
    assert "No updates from the workers" in other.inner_text("#health")
    assert other.inner_text("#live") in {"no updates", "no connection"}
    page.set_default_timeout(60_000)
    page.wait_for_function("() => document.querySelectorAll('#workers tr').length === 1")
    page.wait_for_function("() => document.querySelectorAll('#workers .parts i').length === 4")
    page.wait_for_function("() => !document.querySelector('#health').textContent.includes('no worker')")
