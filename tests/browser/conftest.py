"""Fixtures that open pages in a real Chromium, driven by Playwright. A page must log no warning and no error."""

import json
import shutil
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from uuid import uuid4

import pytest
from playwright.sync_api import sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
SIZES = {
    "320": {"width": 320, "height": 568},
    "390": PHONE,
    "430": {"width": 430, "height": 932},
    "landscape": {"width": 844, "height": 390},
    "desktop": DESKTOP,
}
"""Screens on which the pages are looked at."""


@contextmanager
def deleted_afterwards(worker, folder):
    """A new name, for something that is deleted after the test unless the test has: other tests use the worker, too."""
    name = f"{folder[0].upper()}-{uuid4().hex[:8]}"
    yield name
    request = urllib.request.Request(f"{worker.base_url}/{folder}/{name}", method="DELETE")
    with suppress(urllib.error.HTTPError):
        urllib.request.urlopen(request, timeout=20).close()


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium with an empty profile. It closes after each module: its event loop disturbs others."""
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("no Chromium here: `make chromium` installs it, as root, from Debian's packages")
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=program, args=list(CHROMIUM_FLAGS))
        yield chromium
        chromium.close()


@contextmanager
def page_opener(browser, base, expected=()):
    """A function that opens a path. At the end, the pages must have logged no errors other than the expected ones."""
    logged, contexts = [], []

    def log(text):
        if not text.startswith(tuple(expected)):
            logged.append(text)

    def open_page(path, size=DESKTOP, **options):
        context = browser.new_context(viewport=size, base_url=base, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: log(message.text) if message.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: log(str(error)))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert logged == []


@pytest.fixture
def visit(browser, worker):
    """A function that opens a page of the worker."""
    with page_opener(browser, worker.base_url) as open_page:
        yield open_page


def send(base, method, path, body):
    request = urllib.request.Request(f"{base}{path}", json.dumps(body).encode(), method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status in {200, 202}


@pytest.fixture(scope="session")
def audience(worker):
    """A worker with videos of two tags, and users who like either tag."""
    for tag in ("jazz", "chess"):
        for number in range(12):
            title, creator = f"{tag.title()} number {number}", f"{tag} maker {number % 3}"
            details = {"title": title, "url": "https://x", "tags": [tag, "video"], "creator_id": creator}
            send(worker.base_url, "PUT", f"/videos/{tag}-{number}", details)
        actions = [
            {"user_id": f"{tag} fan {fan}", "video_id": f"{tag}-{number}", "action_type": "like"}
            for fan in range(6)
            for number in range(fan % 3, 12, 2)
        ]
        send(worker.base_url, "POST", "/video_actions", actions)
    return worker
