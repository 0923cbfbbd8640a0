"""Cards, history, search, tags to begin with, users to watch as, and anonymous sessions that become users."""

import json
import urllib.request
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.browser.conftest import page_opener, send
from tests.browser.feed_page import (
    NEVER_PUT,
    act_until_counted,
    leave_until_counted,
    posted_actions,
    profile_of,
    sign_in,
    wait_for_another,
    wait_for_status,
    wait_until,
)


def open_new(open_page):
    """The page of a visitor who has done nothing."""
    page = open_page("/")
    page.wait_for_selector("#live.streaming")
    page.wait_for_selector("#list .item")
    return page


def test_a_card_has_reasons_and_similar_videos_and_can_be_watched(audience, visit):
    page = visit("/?user=chess fan 1")
    page.wait_for_selector("#list .item")
    item = page.locator("#list .item").first
    title = item.locator("h3").inner_text()
    item.get_by_role("button", name=f"Details of {title}").click()
    page.wait_for_selector("#details[open]")
    assert page.inner_text("#details-title") == title
    assert page.locator("#details .why p").count() >= 1
    page.get_by_text("Similar videos").wait_for()
    similar = page.locator("#details .similar .open-card").first
    name = similar.get_attribute("aria-label").removeprefix("Details of ")
    similar.click()
    page.wait_for_function("name => document.querySelector('#details-title').textContent === name", arg=name)
    page.get_by_role("button", name="Watch", exact=True).click()
    page.wait_for_function("name => document.querySelector('#title').textContent === name", arg=name)
    assert not page.locator("#details").is_visible()


def test_time_in_front_of_an_open_card_is_not_watch_time(audience, visit):
    page = visit("/")
    sign_in(page)
    actions = posted_actions(page)
    page.keyboard.press("i")
    page.wait_for_selector("#details[open]")
    page.wait_for_timeout(2500)
    page.keyboard.press("Escape")
    page.wait_for_selector("#details", state="hidden")
    page.keyboard.press("n")
    wait_until(page, lambda: actions)
    assert actions[0]["action_type"] == "skip"
    assert actions[0]["watched_ms"] < 2000


def test_history_has_what_was_watched_and_liked_in_this_tab(audience, visit):
    page = visit("/")
    sign_in(page)
    liked = act_until_counted(page, lambda: page.click("#like"), "Liked")
    page.click("#next")
    wait_for_another(page, liked)
    watched = leave_until_counted(page, lambda: page.click("#next"), "Watched")
    page.click("[data-list='history']")
    assert page.locator("#other-list h3").all_inner_texts() == [watched, liked]
    assert page.locator("#other-list .reason").first.inner_text().startswith("watched for ")
    assert page.locator("#other-list .reason").last.inner_text().startswith("liked")
    page.reload()
    page.wait_for_selector("#list .item")
    page.click("[data-list='history']")
    assert page.locator("#other-list h3").all_inner_texts()[-2:] == [watched, liked]  # and what was left by the reload
    page.click("#sign-out")
    page.click("[data-list='history']")
    assert page.locator("#other-list h3").count() == 0


@pytest.mark.parametrize("typed", ["jazz", "JAZZ", "tag:jazz", 'tag:"jazz" -tag:chess'])
def test_a_search_lists_videos_of_a_tag(audience, visit, typed):
    page = open_new(visit)
    page.fill("#search", typed)
    page.press("#search", "Enter")
    page.wait_for_function("() => document.querySelector('#heading').textContent.startsWith('For you: ')")
    page.wait_for_selector("#list .item")
    titles = [page.inner_text("#title"), *page.locator("#list h3").all_inner_texts()]
    assert len(titles) > 5
    assert all(title.startswith("Jazz") for title in titles)
    page.click("[data-list='you']")
    page.wait_for_function("() => document.querySelector('#heading').textContent === 'For you'")


@pytest.mark.parametrize("typed", ["Jazz num", "NUMBER jazz", "title:jazz"])
def test_a_search_lists_videos_by_their_titles(audience, visit, typed):
    page = open_new(visit)
    page.fill("#search", typed)
    page.press("#search", "Enter")
    page.wait_for_function("() => document.querySelector('#title').textContent.startsWith('Jazz number')")
    page.wait_for_selector("#list .item")
    titles = page.locator("#list h3").all_inner_texts()
    assert len(titles) > 5
    assert all(title.startswith("Jazz number") for title in titles)
    assert page.inner_text("#heading") in {f"For you: titles with {typed}", f"For you: {typed}"}


def test_a_search_without_a_hit_says_so(audience, visit):
    page = open_new(visit)
    page.fill("#search", "no such tag")
    page.press("#search", "Enter")
    page.get_by_text("Nothing more here. Search for something else.").wait_for()
    assert page.locator("#like").is_disabled()


def test_trending_is_searched_by_tag(audience, visit):
    page = open_new(visit)
    page.click("[data-list='trending']")
    page.wait_for_selector("#tag-filter .chip")
    page.fill("#search", "chess")
    page.press("#search", "Enter")
    page.wait_for_function("() => document.querySelector('#heading').textContent === 'Trending: chess'")
    page.wait_for_selector("#list .item")
    assert all(title.startswith("Chess") for title in page.locator("#list h3").all_inner_texts())


def test_a_visitor_picks_tags_and_gets_videos_of_them(audience, browser):
    with page_opener(browser, audience.base_url, NEVER_PUT) as open_page:
        page = open_new(open_page)
        page.locator("#pick-tags .chip", has_text="chess").click()
        page.get_by_role("button", name="Start with 1 tag").click()
        page.wait_for_function("() => document.querySelector('#heading').textContent === 'For you: chess'")
        page.wait_for_selector("#list .item")
        titles = [page.inner_text("#title"), *page.locator("#list h3").all_inner_texts()]
        assert all(title.startswith("Chess") for title in titles)
        assert page.locator("#onboarding").is_hidden()
        session = page.evaluate("sessionStorage.getItem('recomind-session')")
        asked = f"{audience.base_url}/users/{quote(session)}"
        with urllib.request.urlopen(asked, timeout=20) as answer:
            assert json.load(answer)["followed_tags"] == ["chess"]
        for _ in range(3):
            liked = act_until_counted(page, lambda: page.click("#like"), "Liked")
            assert page.inner_text("#title") == liked
            page.click("#next")
            wait_for_another(page, liked)
        page.wait_for_function("() => document.querySelector('#heading').textContent === 'For you'")


def test_a_user_who_has_acted_is_not_asked_for_tags(audience, visit):
    page = visit("/?user=chess fan 1")
    page.wait_for_selector("#list .item")
    assert page.locator("#onboarding").is_hidden()


def test_an_anonymous_visitor_likes_and_what_they_did_becomes_a_users(audience, visit):
    page = open_new(visit)
    first = page.inner_text("#title")
    act_until_counted(page, lambda: page.click("#like"), "Liked")
    session = page.evaluate("sessionStorage.getItem('recomind-session')")
    assert session.startswith("session:")
    assert profile_of(audience, session)["likes"] == 1
    name = sign_in(page)
    wait_for_status(page, f"What you did before now belongs to {name}.")
    wait_until(page, lambda: profile_of(audience, name)["likes"] == 1)
    assert page.evaluate("sessionStorage.getItem('recomind-session')") is None
    page.click("[data-list='history']")
    assert first in page.locator("#other-list h3").all_inner_texts()
    page.click("#sign-out")
    page.wait_for_function("() => document.querySelector('#heading').textContent === 'For you'")
    assert page.evaluate("sessionStorage.getItem('recomind-session')") != session


def test_what_a_visitor_blocks_stays_blocked_when_they_sign_in(audience, browser):
    with page_opener(browser, audience.base_url, NEVER_PUT) as open_page:
        page = open_new(open_page)
        page.click("#more")
        button = page.locator("#details [data-key^='block tag']").first
        tag = button.get_attribute("data-key").removeprefix("block tag ")
        button.click()
        wait_for_status(page, f"Blocked: {tag}.")
        name = sign_in_alone(page)
        page.wait_for_function("name => document.querySelector('#heading').textContent.includes(name)", arg=name)
        page.click("[data-list='blocked']")
        page.get_by_role("button", name=f"Unblock {tag}").wait_for()


def sign_in_alone(page):
    """Sign in with a new name; the list may be empty then."""
    name = f"viewer {uuid4().hex[:6]}"
    page.fill("#user-name", name)
    page.press("#user-name", "Enter")
    return name


def test_a_visitor_may_watch_as_a_user_of_the_demo(audience, visit):
    likes = [{"user_id": "u2", "video_id": f"jazz-{number}", "action_type": "like"} for number in range(3)]
    send(audience.base_url, "POST", "/video_actions", likes)
    page = open_new(visit)
    wait_until(page, lambda: "jazz" in profile_of(audience, "u2")["top_tags"][:3])
    page.click("#personas-show")
    persona = page.locator("#personas .chip", has_text="u2")
    persona.wait_for()
    assert "jazz" in persona.inner_text()
    shown = [text.split(" likes ")[0] for text in page.locator("#personas .chip").all_inner_texts()]
    idle = {user for user in ("u1", "u3", "u4", "u5", "u6") if not profile_of(audience, user)["likes"]}
    assert idle  # users of the demo who have liked nothing here: tests before this one may have used some
    assert idle.isdisjoint(shown)
    persona.click()
    page.wait_for_function("() => document.querySelector('#heading').textContent === 'Next for u2'")
    assert "user=u2" in page.url
