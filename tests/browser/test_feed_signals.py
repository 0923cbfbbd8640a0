"""What the feed page sends: views and skips by watch time, likes, rejections, undo, blocks; and that it goes on."""

from urllib.parse import quote

import pytest

from tests.browser.conftest import page_opener
from tests.browser.feed_page import (
    NEVER_PUT,
    act_until_counted,
    fetch,
    listed_ids,
    posted_actions,
    profile_of,
    sign_in,
    wait_for_another,
    wait_for_status,
    wait_until,
)


def test_a_swipe_away_within_two_seconds_is_a_skip_and_later_a_view(audience, visit):
    page = visit("/")
    sign_in(page)
    actions = posted_actions(page)
    for watched_ms, kind in ((300, "skip"), (2200, "view")):
        title = page.inner_text("#title")
        page.wait_for_timeout(watched_ms)
        page.click("#next")
        wait_until(page, lambda kind=kind: [one for one in actions if one["action_type"] == kind])
        wait_for_another(page, title)
    skip, view = actions
    assert 300 <= skip["watched_ms"] < 2000 <= view["watched_ms"] < 10_000
    assert all(one["list_id"] and one["position"] >= 0 for one in actions)


def test_a_like_stays_with_its_video_and_can_be_taken_back(audience, visit):
    page = visit("/")
    name = sign_in(page)
    liked = act_until_counted(page, lambda: page.click("#like"), "Liked")
    assert page.inner_text("#title") == liked
    assert page.get_attribute("#like", "aria-pressed") == "true"
    page.keyboard.press("n")
    wait_for_another(page, liked)
    assert page.get_attribute("#like", "aria-pressed") == "false"
    page.click("#undo")
    wait_for_status(page, f"No longer liked: “{liked}”: ")
    wait_until(page, lambda: profile_of(audience, name)["likes"] == 0)
    second = act_until_counted(page, lambda: page.click("#like"), "Liked")
    act_until_counted(page, lambda: page.click("#like"), "No longer liked:")
    assert page.inner_text("#title") == second
    assert page.get_attribute("#like", "aria-pressed") == "false"
    wait_until(page, lambda: profile_of(audience, name)["likes"] == 0)


def test_a_skip_that_is_taken_back_is_never_sent(audience, visit):
    page = visit("/")
    sign_in(page)
    actions, title = posted_actions(page), page.inner_text("#title")
    page.click("#next")
    wait_for_status(page, f"Skipped “{title}”")
    page.click("#undo")
    page.wait_for_function("title => document.querySelector('#title').textContent === title", arg=title)
    page.wait_for_timeout(3500)
    assert actions == []


def test_not_interested_is_sent_and_can_be_taken_back(audience, visit):
    page = visit("/")
    sign_in(page)
    actions = posted_actions(page)
    title = act_until_counted(page, lambda: page.click("#dislike"), "Not interested in")
    wait_for_another(page, title)
    page.click("#undo")
    page.wait_for_function("title => document.querySelector('#title').textContent === title", arg=title)
    wait_until(page, lambda: len(actions) == 2)
    assert [(one["action_type"], one.get("undo", False)) for one in actions] == [
        ("not_interested", False),
        ("not_interested", True),
    ]
    assert actions[0]["video_id"] == actions[1]["video_id"]


def test_leaving_the_page_sends_for_how_long_the_video_was_watched(audience, visit):
    page = visit("/")
    name = sign_in(page)
    page.wait_for_timeout(2200)
    page.goto("/docs")
    wait_until(page, lambda: profile_of(audience, name)["views"] == 1)


@pytest.mark.parametrize("kind", ["creator", "tag"])
def test_a_creator_or_a_tag_is_blocked_and_put_back(audience, browser, kind):
    with page_opener(browser, audience.base_url, NEVER_PUT) as open_page:
        page = open_page("/")
        name = sign_in(page)
        page.click("#more")
        button = page.locator(f"#details [data-key^='block {kind}']").first
        button.wait_for()
        value = button.get_attribute("data-key").removeprefix(f"block {kind} ")
        button.click()
        wait_for_status(page, f"Blocked: {value}.")
        stored = fetch(audience, f"/users/{quote(name)}")
        assert stored[f"blocked_{kind}s"] == [value]
        if kind == "tag":
            wait_until(page, lambda: all(not one.startswith(f"{value}-") for one in listed_ids(page)))
        page.click("[data-list='blocked']")
        page.get_by_role("button", name=f"Unblock {value}").click()
        wait_for_status(page, f"No longer blocked: {value}.")
        page.get_by_text("You block no creator and no tag.").wait_for()
        assert fetch(audience, f"/users/{quote(name)}")[f"blocked_{kind}s"] == []


def test_a_block_is_undone_by_the_button_of_the_message(audience, browser):
    with page_opener(browser, audience.base_url, NEVER_PUT) as open_page:
        page = open_page("/")
        name = sign_in(page)
        page.click("#more")
        page.locator("#details [data-key^='block tag']").first.click()
        wait_for_status(page, "Blocked: ")
        page.click("#undo")
        wait_for_status(page, "No longer blocked: ")
        assert fetch(audience, f"/users/{quote(name)}")["blocked_tags"] == []


def test_the_feed_goes_on_without_a_repeat_until_everything_is_seen(audience, visit):
    page = visit("/")
    sign_in(page)
    cursors, shown = [], []
    page.on("request", lambda request: cursors.append(request.url) if "cursor=" in request.url else None)
    total = page.evaluate("async () => (await (await fetch('recommendations/nobody?n=50')).json()).length")
    for _ in range(total + 60):
        title = page.inner_text("#title")
        if title.startswith("You have seen everything"):
            break
        shown.append(title)
        page.keyboard.press("n")
        wait_for_another(page, title)
    assert title.startswith("You have seen everything")
    assert len(shown) == len(set(shown))
    assert len(shown) >= min(total, 24)
    assert cursors


def test_scrolling_the_list_loads_further_pages(audience, visit):
    page = visit("/")
    sign_in(page)
    before = len(listed_ids(page))
    page.eval_on_selector("#list", "list => { list.scrollTop = list.scrollHeight; }")
    wait_until(page, lambda: len(listed_ids(page)) > before)
    assert len(listed_ids(page)) == len(set(listed_ids(page)))
