"""What tests of the feed page do with it."""

import json
import urllib.request
from urllib.parse import quote
from uuid import uuid4

SKIP_BELOW_MS = 2000
"""A video that is left earlier is skipped."""


NEVER_PUT = ["Failed to load resource: the server responded with a status of 404"]
"""Chromium logs that the metadata of a user was asked for who was never put."""


def fetch(worker, path):
    with urllib.request.urlopen(f"{worker.base_url}{path}", timeout=20) as answer:
        return json.load(answer)


def profile_of(worker, user):
    return fetch(worker, f"/users/{quote(user)}/profile")


def sign_in(page):
    """Sign in with a new name and wait for the list."""
    name = f"viewer {uuid4().hex[:6]}"
    page.fill("#user-name", name)
    page.press("#user-name", "Enter")
    page.wait_for_function("name => document.querySelector('#heading').textContent.includes(name)", arg=name)
    page.wait_for_selector("#list .item")
    page.wait_for_selector("#live.streaming")
    return name


def listed_ids(page):
    return page.eval_on_selector_all("#list .item", "items => items.map(item => item.dataset.id)")


def wait_for_status(page, start):
    page.wait_for_function("start => document.querySelector('#status').textContent.startsWith(start)", arg=start)


def wait_for_another(page, title):
    """Wait until the current video is another one."""
    page.wait_for_function("title => document.querySelector('#title').textContent !== title", arg=title)


def act_until_counted(page, act, verb):
    """Act, and wait until the page reports that the list reflects the action."""
    title = page.inner_text("#title")
    act()
    wait_for_status(page, f"{verb} “{title}”: ")
    return title


def leave_until_counted(page, leave, verb):
    """The same for an action that goes on to another video. A view takes the time that makes it one."""
    if verb == "Watched":
        page.wait_for_timeout(SKIP_BELOW_MS + 100)
    title = act_until_counted(page, leave, verb)
    wait_for_another(page, title)
    return title


def posted_actions(page):
    """A list to which every action is added that the page posts from now on."""
    actions = []

    def note(request):
        if request.method == "POST" and request.url.endswith("/video_action"):
            actions.append(json.loads(request.post_data))

    page.on("request", note)
    return actions


def wait_until(page, condition, timeout_s=20.0):
    """Wait until a condition of the test holds, while the page goes on."""
    for _ in range(int(timeout_s * 10)):
        if condition():
            return
        page.wait_for_timeout(100)
    assert condition()
