"""The Python client against a real worker, and against one that is busy, shut, or not there."""

import inspect
import json
import subprocess
import sys
import time
import urllib.request
from uuid import uuid4

import pytest

from recomind.client import Client
from recomind.client.client import _identified
from recomind.client.tokens import Tokens
from recomind.dev.stack.server import free_port
from recomind.errors import BusyError, KeyRefusedError, RequestError, UnreachableError
from recomind.model.events import VideoAction
from recomind.model.responses import Explanation, Feed, ProfileAnswer
from recomind_web.keys import OPEN
from recomind_web.routes import ROUTES

PUBLIC = [route for route in ROUTES if route.opened_by in {"read", "write"}]


@pytest.fixture(scope="module")
def client(worker):
    with Client(worker.base, patience=10.0) as made:
        yield made


@pytest.fixture(scope="module")
def described(worker):
    with urllib.request.urlopen(f"{worker.base}/openapi.json", timeout=20) as answer:
        return json.loads(answer.read())["paths"]


@pytest.mark.parametrize("route", PUBLIC, ids=lambda route: f"{route.method} {route.path}")
def test_every_endpoint_has_its_method_with_its_parameters(described, route):
    operation = described[route.path][route.method.lower()]
    taken = inspect.signature(getattr(Client, operation["operationId"])).parameters
    assert {parameter["name"] for parameter in operation["parameters"]} <= taken.keys()


def test_the_client_has_no_method_that_is_not_described():
    named = {route.handler.__name__ for route in ROUTES if route.opened_by in {"read", "write", OPEN}}
    assert {name for name, _ in inspect.getmembers(Client, inspect.isfunction) if name[0] != "_"} - {"close"} <= named


def trending_soon(client):
    """What trends, once the worker has first published it."""
    deadline = time.monotonic() + 15
    while not (found := client.trending(n=1)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def test_every_answer_is_of_its_type(client):
    user, tag = f"typed {uuid4().hex[:6]}/?#", uuid4().hex[:8]
    for number in range(3):
        client.put_video(f"{tag}-{number}", title="T", tags=[tag])
    assert client.get_video(f"{tag}-0").tags == (tag,)
    assert client.put_user(user, name="Ada")["name"] == "Ada"
    assert client.post_action(user, f"{tag}-0", "like").status == 202
    listed = client.recommendations(user, n=50)
    assert listed.counted
    assert f"{tag}-1" in {video.video_id for video in listed.videos}
    assert client.recommendations(user, n=1).source == "cache"
    assert isinstance(client.get_profile(user), ProfileAnswer)
    assert client.get_profile(user).recent_likes == [f"{tag}-0"]
    assert client.explain(user, f"{tag}-0").verdict == "seen"
    assert isinstance(client.explain(user, f"{tag}-1"), Explanation)
    assert isinstance(client.similar_videos(f"{tag}-0", n=2), list)
    assert isinstance(client.similar_people(user, n=2), list)
    assert len(trending_soon(client)) == 1
    assert isinstance(client.trending_details(window="1h", tag=tag), list)
    assert isinstance(client.trending_feed(n=1), Feed)
    assert client.feed(user, n=1).likes == 1
    assert next(client.feed_events(user, n=1)).user_id == user
    assert next(client.trending_events(n=1)).user_id == ""
    receipt = client.forget(user).receipt
    assert client.forgetting(user, receipt).state in {"pending", "done"}
    assert (client.healthz(), client.readyz()) == (True, True)


def test_lists_count_a_batch_too_and_what_was_refused_says_why(client):
    user, video = uuid4().hex, uuid4().hex
    good = VideoAction(user_id=user, video_id=video, action_type="like")
    taken, refused = client.post_actions([good, VideoAction(user_id=user, video_id="a\nb", action_type="like")])
    assert (taken.status, refused.status, refused.field) == (202, 400, "video_id")
    assert client.recommendations(user).counted
    assert client.get_profile(user).likes == 1


def test_an_action_has_an_id_so_that_sending_it_again_does_no_harm():
    assert _identified(VideoAction(user_id="u", video_id="v", action_type="like")).event_id is not None


@pytest.mark.parametrize(
    ("ask", "field"),
    [
        (lambda client: client.recommendations("u", n=0), "n"),
        (lambda client: client.recommendations("u", after="x"), "after"),
        (lambda client: client.trending(window="2h"), "window"),
        (lambda client: client.get_video("no such video"), None),
    ],
)
def test_a_wrong_request_says_what_to_mend(client, ask, field):
    with pytest.raises(RequestError) as caught:
        ask(client)
    assert caught.value.field == field


def test_nobody_there_is_told_with_the_address():
    port = free_port()
    with Client(f"http://127.0.0.1:{port}", timeout=1.0) as client, pytest.raises(UnreachableError, match=str(port)):
        client.trending()


def busy(answers):
    """A server that answers so many times 503 or 429, and then a list."""
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.headers.get("X-API-Key"))
            status = answers.pop(0) if answers else 200
            body = (
                b"[]" if status == 200 else json.dumps({"status": status, "title": "No", "detail": "not now"}).encode()
            )
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    asked = []
    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    return server, asked


@pytest.mark.parametrize(("answers", "error"), [([503, 429], None), ([503] * 9, BusyError), ([403], KeyRefusedError)])
def test_a_busy_worker_is_asked_again_and_a_shut_one_is_not(answers, error):
    server, asked = busy(list(answers))
    try:
        with Client(f"http://127.0.0.1:{server.server_port}", key="secret") as client:
            if error is None:
                assert client.trending() == []
            else:
                with pytest.raises(error, match="not now"):
                    client.trending()
    finally:
        server.shutdown()
        server.server_close()
    assert asked == ["secret"] * (1 if error is KeyRefusedError else 5 if error else 3)


def test_only_so_many_people_are_remembered():
    tokens = Tokens(people=2)
    for number in range(3):
        tokens.remember(f"u{number}", f"0:{number}")
    assert [tokens.of(f"u{number}") for number in range(3)] == [None, "0:1", "0:2"]


def test_the_client_loads_nothing_of_a_worker():
    loaded = "import sys, recomind.client; print({'faust', 'mode', 'aiohttp', 'redis', 'asyncpg'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
