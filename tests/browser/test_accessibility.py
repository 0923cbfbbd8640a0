"""axe-core finds no accessibility violation on any page, at each size, in light and dark."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from recomind_web.routes import HTML, ROUTES
from tests.browser.conftest import SIZES

ALL_SIZES = [
    pytest.param(size, id=name, marks=[] if name in {"320", "desktop"} else pytest.mark.slow)
    for name, size in SIZES.items()
]
"""The narrowest and the widest are looked at by `make test`, all by `make browser`."""

PAGES = [route.path for route in ROUTES if route.media_type == HTML]


def assert_accessible(page):
    result = Axe().run(page)
    assert result.violations_count == 0, result.generate_report()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ALL_SIZES)
@pytest.mark.parametrize("path", [*PAGES, "/?user=chess fan 1"])
def test_a_page_has_no_accessibility_violation(audience, visit, path, size, scheme):
    page = visit(path, size, color_scheme=scheme, reduced_motion="reduce")
    if page.locator("#live").count():
        page.wait_for_selector("#live.streaming")
        page.wait_for_selector("#list .item, #workers th", state="attached")
    if path == "/docs":
        page.wait_for_selector(".opblock-tag[aria-level]")
    assert_accessible(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [SIZES["320"], SIZES["desktop"]], ids=["320", "desktop"])
def test_cards_lists_and_offers_have_no_accessibility_violation(audience, visit, size, scheme):
    page = visit("/", size, color_scheme=scheme, reduced_motion="reduce")
    page.wait_for_selector("#live.streaming")
    page.wait_for_selector("#onboarding:not([hidden])")
    if page.locator("#expand").is_visible():
        page.click("#expand")
    assert_accessible(page)
    page.click("[data-list='trending']")
    page.wait_for_selector("#tag-filter .chip")
    assert_accessible(page)
    page.click("[data-list='history']")
    assert_accessible(page)
    page.keyboard.press("i")
    page.wait_for_selector("#details .abouts")
    assert_accessible(page)
