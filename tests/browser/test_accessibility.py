"""axe-core finds no accessibility violation on any page."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from recomind_web.routes import HTML, ROUTES
from tests.browser.conftest import DESKTOP, PHONE

PAGES = [route.path for route in ROUTES if route.media_type == HTML]


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", [*PAGES, "/?user=chess fan 1"])
def test_a_page_has_no_accessibility_violation(audience, visit, path, size, scheme):
    page = visit(path, size, color_scheme=scheme, reduced_motion="reduce")
    if page.locator("#live").count():
        page.wait_for_selector("#live.streaming")
        page.wait_for_selector(".item, #workers th")
    if path == "/docs":
        page.wait_for_selector(".opblock-tag[aria-level]")
    result = Axe().run(page)
    assert result.violations_count == 0, result.generate_report()
