"""The pages behind a proxy that serves the worker under a path prefix."""

import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.browser.conftest import page_opener
from tests.browser.test_docs import execute, open_operation

PREFIX = "/apps/recomind"


@pytest.fixture
def proxied(worker):
    """The address of a proxy that serves the worker under `PREFIX`, and nothing elsewhere."""

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self):
            if not self.path.startswith(f"{PREFIX}/"):
                self.send_error(404)
                return
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length) if length else None
            asked = urllib.request.Request(worker.base_url + self.path[len(PREFIX) :], body, method=self.command)
            with urllib.request.urlopen(asked, timeout=20) as answer:
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.end_headers()
                while chunk := answer.read1():
                    self.wfile.write(chunk)

        do_POST = do_GET  # noqa: N815 the name that http.server calls

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_every_page_works_under_a_prefix(browser, audience, proxied):
    with page_opener(browser, proxied) as visit:
        page = visit(f"{PREFIX}/?user=chess fan 1")
        page.wait_for_selector("#live.streaming")
        page.locator("#like").click()
        page.get_by_text("Liked “").wait_for()
        page.locator("nav a", has_text="Operations").click()
        page.wait_for_selector("#workers th")
        page.locator("nav a", has_text="API").click()
        assert execute(open_operation(page, "trending"))[0].startswith("200")
        assert page.url.startswith(f"{proxied}{PREFIX}/docs")
