"""No page keeps anybody out: axe-core finds names, contrasts and landmarks in order, in every page that there is."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from recomind_web.routes import HTML, ROUTES
from tests.browser.conftest import DESKTOP, PHONE

PAGES = [route.path for route in ROUTES if route.kind == HTML]

FOREIGN = [[".swagger-ui"]]
"""What others draw: Swagger UI's contrasts and roles are not ours to mend."""


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", [*PAGES, "/?user=chess fan 1"])
def test_nothing_on_the_page_is_out_of_reach(audience, visit, path, size, scheme):
    page = visit(path, size, color_scheme=scheme, reduced_motion="reduce")
    if page.locator("#live").count():
        page.wait_for_selector("#live.on")
        page.wait_for_selector(".item, #workers th")
    found = Axe().run(page, context={"exclude": FOREIGN})
    assert found.violations_count == 0, found.generate_report()
