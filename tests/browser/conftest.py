"""A real Chromium, driven by playwright; what its console says must be nothing."""

import shutil
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


@pytest.fixture
def visit(browser, worker):
    """A function that opens a path of the worker; at the end the pages must have had nothing to complain about."""
    complaints, opened = [], []

    @contextmanager
    def complaining(page):
        page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page

    def open_page(path, size=DESKTOP, **options):
        context = browser.new_context(viewport=size, base_url=worker.base, **options)
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        with complaining(page):
            page.goto(path)
        return page

    yield open_page
    for context in opened:
        context.close()
    assert complaints == []
