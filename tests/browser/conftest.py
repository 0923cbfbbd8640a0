"""A real Chromium, driven by playwright; what its console says must be nothing."""

import json
import shutil
import urllib.request
from contextlib import contextmanager

import pytest
from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium with an empty profile; ended with its file, as its loop would be in the way of others."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("no Chromium here: `make chromium` installs it, as root, from Debian's packages")
    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=program, args=list(FLAGS))
        yield running
        running.close()


@contextmanager
def visits(browser, base, expected=()):
    """A function that opens a path; at the end the pages must have complained of nothing else than expected."""
    complaints, opened = [], []

    def complain(text):
        if not text.startswith(tuple(expected)):
            complaints.append(text)

    def open_page(path, size=DESKTOP, **options):
        context = browser.new_context(viewport=size, base_url=base, **options)
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda said: complain(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complain(str(error)))
        page.goto(path)
        return page

    yield open_page
    for context in opened:
        context.close()
    assert complaints == []


@pytest.fixture
def visit(browser, worker):
    """A function that opens a path of the worker."""
    with visits(browser, worker.base) as open_page:
        yield open_page


def send(base, method, path, body):
    request = urllib.request.Request(f"{base}{path}", json.dumps(body).encode(), method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status in {200, 202}


@pytest.fixture(scope="session")
def audience(worker):
    """A catalogue of two tastes, and people who have either."""
    for taste in ("jazz", "chess"):
        for number in range(12):
            details = {"title": f"{taste.title()} number {number}", "url": "https://x", "tags": [taste, "video"]}
            send(worker.base, "PUT", f"/videos/{taste}-{number}", details)
        actions = [
            {"user_id": f"{taste} fan {fan}", "video_id": f"{taste}-{number}", "action_type": "like"}
            for fan in range(6)
            for number in range(fan % 3, 12, 2)
        ]
        send(worker.base, "POST", "/video_actions", actions)
    return worker
