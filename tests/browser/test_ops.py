"""The operator's page: live, of all workers, with a key where one is wanted, in the light and in the dark."""

from dataclasses import replace

import pytest

from recomind.runtime.api_keys import new_key
from tests.browser.conftest import DESKTOP, PHONE, send, visits
from tests.conftest import workers

READER, READER_ENTRY = new_key("reader", ["read"])
OPERATOR, OPERATOR_ENTRY = new_key("operator", ["admin"])
REFUSED = "Failed to load resource: "
"""How Chromium itself notes every request that fails."""

PARTITIONS = "[...document.querySelectorAll('#workers .parts i')].map(one => one.textContent)"
"""Which partitions the page shows. Read at once: rows are replaced once a second, and what has left the page has no
layout, so Playwright, which finds elements first and reads their text then, may be told `01` instead of `0 1`."""

NOW = {
    **dict.fromkeys(("fresh_p50", "fresh_p99", "cache_hits")),
    **dict.fromkeys(("lag", "waiting", "dead_letters", "timer_errors", "version"), 0),
}


@pytest.fixture(scope="module")
def second(stack, worker, tmp_path_factory):
    """A second worker, which wants keys."""
    settings = replace(stack.settings, api_keys=f"{READER_ENTRY},{OPERATOR_ENTRY}")
    with workers(settings, tmp_path_factory.mktemp("second")) as start:
        yield start().wait_ready()
    worker.wait_ready()


@pytest.fixture
def visit_second(browser, second):
    with visits(browser, second.base, (REFUSED,)) as open_page:
        yield open_page


def opened(visit, size=DESKTOP, **options):
    page = visit("/ops", size, **options)
    page.wait_for_selector("#live.on")
    page.wait_for_selector("#workers th")
    return page


def figure(page, name):
    return page.locator(".figure", has=page.get_by_role("heading", name=name)).locator(".value").inner_text()


def like_something(worker, name):
    like = {"user_id": name, "video_id": "jazz-1", "action_type": "like"}
    send(worker.base, "POST", "/video_actions", [like])


def faults(page, now=None, before=(), workers=({},), missing=(), whole=True):
    overview = {"together": {**NOW, **(now or {})}, "workers": list(workers), "missing": list(missing), "whole": whole}
    points = [{**NOW, **point} for point in (*before, now or {})]
    return page.evaluate(
        "given => import('/assets/verdict.js').then(verdict => verdict.faults(...given))", [overview, points]
    )


def test_an_action_shows_within_seconds_without_a_reload(audience, visit):
    page = opened(visit)
    like_something(audience, "seen by the operator")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.figure')].some(one => one.querySelector('.name').textContent"
        " === 'Actions a second' && parseFloat(one.querySelector('.value').textContent) > 0)"
    )
    page.wait_for_function("() => document.querySelectorAll('.figure .value')[1].textContent.includes('s')")
    assert page.evaluate(PARTITIONS) == ["0", "1", "2", "3"]
    assert "leads" in page.inner_text("#workers th")
    assert page.inner_text("#verdict strong") in {"All is well", "Needs attention"}


def test_quality_and_weights_are_told_once_likes_have_taught_them(audience, visit):
    page = opened(visit)
    like_something(audience, "a teacher")
    page.wait_for_selector("#quality .row.main")
    assert page.inner_text("#quality .row.main").startswith("hybrid")
    assert page.locator("#quality .row").count() == 9
    page.wait_for_selector("#weights .row")
    assert "likes, for everybody" in page.inner_text("#blend-note")


def test_the_pages_lead_to_each_other(audience, visit):
    page = visit("/")
    page.click("nav >> text=Operations")
    page.wait_for_selector("#live.on")
    assert page.title().endswith("RecoMind: operations")
    page.click("nav >> text=Feed")
    page.wait_for_selector("#video")


def test_the_figures_are_reached_with_the_keyboard_and_have_names(audience, visit):
    page = opened(visit)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "jump"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "figures"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Table of workers"
    names = page.eval_on_selector_all(
        "svg[role=img]", "charts => charts.map(chart => chart.getAttribute('aria-label'))"
    )
    assert len(names) == 9
    assert names[0].startswith("Actions a second, the last 5 min: from ") or "Actions a second" in names[0]
    unnamed = "charts => charts.filter(chart => !chart.closest('[role=img], [aria-hidden]')).length"
    assert page.eval_on_selector_all("main svg", unnamed) == 0


def test_a_pointer_reads_a_value_and_its_time_off_a_chart(audience, visit):
    page = opened(visit)
    assert page.inner_text(".figure .axis").split()[-1] == "now"
    page.hover(".figure svg")
    page.wait_for_function("() => /^[0-9]{2}:[0-9]{2}:[0-9]{2}/.test(document.querySelector('.axis').textContent)")
    page.mouse.move(1, 1)
    page.wait_for_function("() => document.querySelector('.axis').textContent.endsWith('now')")


def test_nothing_is_asked_of_other_hosts(audience, visit):
    page = opened(visit)
    asked = page.evaluate("performance.getEntriesByType('resource').map(one => new URL(one.name).origin)")
    assert set(asked) == {audience.base}
    assert len(asked) >= 6


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_nothing_runs_over_the_edge(audience, visit, scheme, size):
    page = opened(visit, size, color_scheme=scheme, reduced_motion="reduce")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    edges = page.eval_on_selector_all(
        ".figure, .panel, .judged", "all => all.map(one => one.getBoundingClientRect().right)"
    )
    assert max(edges) <= size["width"]
    assert len(page.screenshot(full_page=True)) > 10_000


def test_the_verdict_names_what_is_wrong_and_else_nothing(audience, visit):
    page = visit("/ops")
    assert faults(page) == []
    assert faults(page, {"cache_hits": 0.9, "fresh_p99": 0.2, "dead_letters": 3}, [{"dead_letters": 3}]) == []
    assert faults(page, {"fresh_p99": 7.5, "lag": 12_345, "cache_hits": 0.25}) == [
        "Lists are late: one in a hundred waited for more than 7.5 s.",
        "12,345 records are not committed yet.",
        "Only 25 % of the lists asked for are in Redis.",
    ]
    assert faults(page, missing=[2, 3]) == ["Partitions 2, 3 have no worker: one is being replaced, or has gone."]
    assert faults(page, workers=[], missing=[0]) == ["No worker tells of itself."]
    assert faults(page, whole=False)[0].startswith("Redis is away")


def test_a_count_that_begins_anew_with_a_worker_grows_all_the_same(audience, visit):
    page = visit("/ops")
    before = [{"dead_letters": 5, "timer_errors": 0}, {"dead_letters": 7}, {"dead_letters": 0}]
    assert faults(page, {"dead_letters": 1, "timer_errors": 1}, before) == [
        "3 records could not be read: see recomind dead-letters.",
        "Periodic work failed 1 time: the workers' logs say why.",
    ]


def test_with_keys_the_page_asks_for_one_with_the_scope_admin(visit_second):
    page = visit_second("/ops")
    for key in (READER, OPERATOR):
        page.wait_for_selector("dialog[open]")
        page.fill("#key", key)
        page.keyboard.press("Enter")
        if key == READER:
            page.wait_for_function("() => document.querySelector('#key-told')?.textContent.includes('scope admin')")
    page.wait_for_selector("#live.on")
    page.wait_for_selector("#workers th")


def test_whoever_gives_no_key_is_told_what_is_needed(visit_second):
    page = visit_second("/ops")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    page.wait_for_function("() => document.querySelector('#verdict').textContent.includes('scope admin')")


def test_all_workers_are_told_by_each_and_one_that_dies_is_replaced(audience, visit, second, visit_second):
    page, other = opened(visit), visit_second("/ops")
    other.wait_for_selector("dialog[open]")
    other.fill("#key", OPERATOR)
    other.keyboard.press("Enter")
    for one in (page, other):
        one.wait_for_function("() => document.querySelectorAll('#workers tr').length === 2")
        one.wait_for_function(f"() => String({PARTITIONS}.sort()) === '0,1,2,3'")
    second.kill()
    other.wait_for_selector("body.stale")
    assert "No news from the workers" in other.inner_text("#verdict")
    assert other.inner_text("#live") in {"no news", "out of reach"}
    page.set_default_timeout(60_000)
    page.wait_for_function("() => document.querySelectorAll('#workers tr').length === 1")
    page.wait_for_function("() => document.querySelectorAll('#workers .parts i').length === 4")
    page.wait_for_function("() => !document.querySelector('#verdict').textContent.includes('no worker')")
