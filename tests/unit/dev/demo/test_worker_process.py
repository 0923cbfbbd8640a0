"""The demo's worker: what is said when it ends, and how often it is started again."""

import sys

import pytest

from recomind.dev.demo import worker_process
from recomind.dev.demo.worker_process import MAX_RESTARTS, WorkerProcess, base_url
from recomind.dev.stack.child_process import free_port, start_child
from recomind.errors import StackError
from recomind.settings import Settings

SERVE = """
import http.server, sys
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Ready).serve_forever()
"""
FAIL = "print('StalledError: stood still'); raise SystemExit(1)"


class FakeWorker(WorkerProcess):
    """Runs these programs, one after the other, in the place of a worker."""

    def __init__(self, settings, *programs):
        super().__init__(settings)
        self._programs = list(programs)

    def start(self):
        program = self._programs.pop(0)
        self._process = start_child([sys.executable, "-c", program, str(self._settings.web_port)], self.log)


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setattr(worker_process, "POLL_INTERVAL_S", 0.02)
    return Settings(data_dir=str(tmp_path), web_port=free_port())


def test_it_is_ready_only_if_it_is_the_one_that_answers(settings, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with FakeWorker(settings, SERVE) as worker, FakeWorker(settings, "import time; time.sleep(60)") as other:
        worker.start()
        other.start()
        worker.wait_ready()
        assert not other.is_ready()


def test_a_worker_that_does_not_start_is_told_in_a_sentence(settings):
    with FakeWorker(settings, FAIL) as worker:
        worker.start()
        with pytest.raises(StackError) as raised:
            worker.wait_ready()
    assert str(raised.value) == f"the worker ended (exit code 1: StalledError: stood still); its log is {worker.log}"


async def test_a_worker_that_ends_is_told_and_started_again_within_bounds(settings):
    said = []
    with FakeWorker(settings, *[FAIL] * (MAX_RESTARTS + 1)) as worker:
        worker.start()
        with pytest.raises(StackError, match=f"{MAX_RESTARTS + 1} times"):
            await worker.keep_running(said.append)
    assert (
        said
        == [f"The worker ended (exit code 1: StalledError: stood still); its log is {worker.log}. Starting it again."]
        * MAX_RESTARTS
    )


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:7"),  # noqa: S104 nothing is served
        ("::", "http://[::1]:7"),
        ("localhost", "http://localhost:7"),
    ],
)
def test_the_url_is_one_that_a_client_here_can_use(host, url):
    assert base_url(Settings(web_host=host, web_port=7)) == url
