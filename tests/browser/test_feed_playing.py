"""The feed page plays videos from where the catalogue says they are, and shows a moving poster for others."""

import urllib.request
from uuid import uuid4

import pytest

from tests.browser.conftest import SIZES, page_opener, send
from tests.browser.feed_page import posted_actions, wait_for_another, wait_until
from tests.browser.media_server import PICTURE, media_server, record_clip
from tests.browser.test_accessibility import assert_accessible
from tests.browser.test_feed_layout import assert_laid_out

MAX_VIDEOS = 4
IS_PLAYING = "() => document.querySelector('#poster video')?.currentTime > 0.1"
IS_MUTED = "document.querySelector('#poster video').muted"

HOLD_SOUND_BACK = """
let isTouched = false;
addEventListener("pointerdown", () => { isTouched = true; }, true);
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
  return this.muted || isTouched ? play.call(this) : Promise.reject(new DOMException("not touched", "NotAllowedError"));
};
"""
"""What browsers do until the viewer has touched the page. A page that a program drives counts as touched."""


@pytest.fixture(scope="module")
def media(browser):
    """The address of a server with a clip and a picture, on another origin than the page's."""
    files = {"/clip.webm": ("video/webm", record_clip(browser)), "/still.svg": ("image/svg+xml", PICTURE)}
    with media_server(files) as base:
        yield base


@pytest.fixture
def tag(audience):
    """A tag that no other test has given to a video. Its videos are deleted at the end."""
    name = f"tag{uuid4().hex[:8]}"
    yield name
    for number in range(MAX_VIDEOS):
        send(audience.base_url, "DELETE", f"/videos/{name}-{number}", None)


def put(worker, tag, number, **details):
    send(worker.base_url, "PUT", f"/videos/{tag}-{number}", {"title": f"{tag} {number}", "tags": [tag], **details})


def visit_tag(open_page, tag, **options):
    """The page with the videos of a tag alone."""
    page = open_page("/", **options)
    search_tag(page, tag)
    return page


def search_tag(page, tag):
    """Show the videos of a tag alone; then keys act on the video."""
    page.wait_for_selector("#live.streaming")
    page.fill("#search", tag)
    page.press("#search", "Enter")
    page.wait_for_function("tag => document.querySelector('#title').textContent.startsWith(tag)", arg=tag)
    page.evaluate("document.activeElement.blur()")


def test_a_video_plays_muted_and_its_watch_time_is_sent(audience, visit, media, tag):
    for number in range(2):
        put(audience, tag, number, url=f"{media}/clip.webm", duration_ms=1600)
    page = visit_tag(visit, tag)
    actions = posted_actions(page)
    page.wait_for_function("() => document.querySelector('#poster video')?.currentTime > 0.2")
    playing = page.evaluate(
        "(({muted, loop, paused}) => [muted, loop, paused])(document.querySelector('#poster video'))"
    )
    assert playing == [True, True, False]
    assert page.locator("video").count() == 1
    page.click("#pause")
    page.wait_for_function("() => document.querySelector('#poster video').paused")
    page.wait_for_timeout(3000)
    page.click("#pause")
    page.wait_for_timeout(2200)
    title = page.inner_text("#title")
    page.click("#next")
    wait_for_another(page, title)
    wait_until(page, lambda: actions)
    [action] = actions
    assert action["action_type"] == "view"
    assert 2000 <= action["watched_ms"] < 4900  # without the pause of 3 s
    assert action["duration_ms"] > 1000
    assert action["list_id"]
    assert action["position"] == 0
    page.wait_for_function("() => document.querySelector('#poster video')?.currentTime > 0.2")


def test_a_video_that_does_not_load_has_a_moving_poster(audience, browser, media, tag):
    put(audience, tag, 0, url=f"{media}/missing.webm")
    with page_opener(browser, audience.base_url, ["Failed to load resource"]) as open_page:
        page = visit_tag(open_page, tag)
        page.wait_for_selector("#poster video", state="detached")
        page.wait_for_selector("#poster svg.moving")
        actions = posted_actions(page)
        page.wait_for_timeout(2100)
        page.click("#next")
        wait_until(page, lambda: actions)
        assert (actions[0]["action_type"], "duration_ms" in actions[0]) == ("view", False)


def test_a_page_of_a_video_is_not_loaded_as_a_video(audience, visit, media, tag):
    put(audience, tag, 0, url=f"{media}/watch/7")
    asked = []
    page = visit_tag(visit, tag)
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(500)
    assert page.locator("video").count() == 0
    assert not [url for url in asked if url.startswith(media)]


def test_only_the_feed_page_loads_media_from_other_hosts(audience):
    for path in ("/", "/ops", "/rulebook", "/docs"):
        with urllib.request.urlopen(f"{audience.base_url}{path}", timeout=20) as answer:
            policy = answer.headers["Content-Security-Policy"]
        assert ("media-src 'self' blob: http: https:" in policy) == (path == "/")
        assert policy.startswith("default-src 'self'; img-src 'self' data:")
        assert "script-src" not in policy  # scripts come from the page's own host alone


def drift(page):
    return page.eval_on_selector("#poster .drift", "shape => getComputedStyle(shape).transform")


def test_a_poster_moves_but_stands_still_for_those_who_want_that(audience, visit):
    page = visit("/")
    page.wait_for_selector("#poster .drift")
    first = drift(page)
    page.wait_for_timeout(600)
    assert drift(page) != first
    page.click("#more")
    held = drift(page)
    page.wait_for_timeout(600)
    assert drift(page) == held  # a card that is open covers it
    page = visit("/", reduced_motion="reduce")
    page.wait_for_selector("#poster .drift")
    first = drift(page)
    page.wait_for_timeout(600)
    assert drift(page) == first


def test_a_video_does_not_start_by_itself_for_those_who_want_no_motion(audience, visit, media, tag):
    put(audience, tag, 0, url=f"{media}/clip.webm")
    page = visit_tag(visit, tag, reduced_motion="reduce")
    page.wait_for_timeout(700)
    assert page.evaluate("document.querySelector('#poster video').currentTime") == 0
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("() => document.querySelector('#poster video').currentTime > 0.2")


def test_a_thumbnail_is_shown_in_the_list_and_a_poster_where_it_does_not_load(audience, browser, media, tag):
    for number in range(3):
        name = "still.svg" if number else "missing.svg"
        put(audience, tag, number, thumbnail_url=f"{media}/{name}")
    put(audience, tag, 3)
    with page_opener(browser, audience.base_url, ["Failed to load resource"]) as open_page:
        page = visit_tag(open_page, tag)
        page.wait_for_function("() => document.querySelectorAll('#list .item').length === 3")
        shown = page.locator(f"#title:text-is('{tag} 0'), [data-id='{tag}-0']").first
        shown.wait_for()
        page.wait_for_function(
            """() => [...document.images].every(image => image.complete && image.naturalWidth > 0)
            && document.images.length === 2"""
        )
        assert page.locator("#list .thumb svg").count() == 3
        sources = page.eval_on_selector_all("img", "images => images.map(image => image.src)")
        assert set(sources) == {f"{media}/still.svg"}


def sound_button(page, is_on):
    return page.get_by_role("button", name="Sound", exact=True, pressed=is_on)


def test_the_choice_of_sound_holds_for_the_next_videos_and_after_a_reload(audience, visit, media, tag):
    for number in range(3):
        put(audience, tag, number, url=f"{media}/clip.webm")
    page = visit_tag(visit, tag)
    page.wait_for_function(IS_PLAYING)
    assert page.evaluate(IS_MUTED)
    sound_button(page, False).click()
    sound_button(page, True).wait_for()
    assert not page.evaluate(IS_MUTED)
    title = page.inner_text("#title")
    page.keyboard.press("n")
    wait_for_another(page, title)
    page.wait_for_function(IS_PLAYING)
    assert not page.evaluate(IS_MUTED)
    page.reload()
    search_tag(page, tag)
    sound_button(page, True).wait_for()
    assert not page.evaluate(IS_MUTED)
    page.keyboard.press("m")
    sound_button(page, False).wait_for()
    assert page.evaluate(IS_MUTED)
    page.reload()
    search_tag(page, tag)
    sound_button(page, False).wait_for()


def test_a_video_whose_sound_the_browser_holds_back_plays_muted(audience, visit, media, tag):
    put(audience, tag, 0, url=f"{media}/clip.webm")
    page = visit("/")
    page.evaluate("localStorage.setItem('recomind-sound', 'on')")
    page.add_init_script(HOLD_SOUND_BACK)
    page.reload()
    search_tag(page, tag)
    page.wait_for_function(IS_PLAYING)
    sound_button(page, False).click()  # it says what is heard; the choice of sound is still stored
    sound_button(page, True).wait_for()
    assert not page.evaluate(f"{IS_MUTED} || document.querySelector('#poster video').paused")


def test_a_moving_poster_has_no_sound(audience, visit, media, tag):
    put(audience, tag, 0, url=f"{media}/clip.webm")
    put(audience, tag, 1)
    page = visit_tag(visit, tag)
    while page.inner_text("#title") != f"{tag} 0":  # either may come first
        page.keyboard.press("m")
        assert page.locator("#sound").is_hidden()
        page.click(f"#list .item[data-id='{tag}-0'] .open-card")
        page.get_by_role("button", name="Watch", exact=True).click()
        wait_for_another(page, f"{tag} 1")
    sound_button(page, False).focus()
    page.keyboard.press("n")
    page.wait_for_selector("#sound", state="hidden")
    assert page.evaluate("document.activeElement.id") == "pause"


def test_the_button_for_sound_has_room_and_is_accessible(audience, visit, media, tag):
    put(audience, tag, 0, url=f"{media}/clip.webm")
    page = visit_tag(visit, tag)
    sound_button(page, False).wait_for()
    for size in SIZES.values():
        page.set_viewport_size(size)
        assert_laid_out(page, size)
    for scheme, size in (("light", SIZES["desktop"]), ("dark", SIZES["320"])):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(size)
        page.keyboard.press("m")
        assert_accessible(page)
