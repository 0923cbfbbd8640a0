"""The Python client against a real worker, and against a server that is busy, refuses it, or is not there."""

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
from recomind.model.responses import Explanation, Feed, ProfileSummary, Takedowns
from recomind_web.api_key_middleware import PUBLIC
from recomind_web.routes import ROUTES

USER_ROUTES = [route for route in ROUTES if route.required_scope in {"read", "write"}]


@pytest.fixture(scope="module")
def client(worker):
    with Client(worker.base_url, patience=10.0) as made:
        yield made


@pytest.fixture(scope="module")
def documented_paths(worker):
    with urllib.request.urlopen(f"{worker.base_url}/openapi.json", timeout=20) as answer:
        return json.loads(answer.read())["paths"]


@pytest.mark.parametrize("route", USER_ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_endpoint_has_a_client_method_with_its_parameters(documented_paths, route):
    operation = documented_paths[route.path][route.method.lower()]
    arguments = inspect.signature(getattr(Client, operation["operationId"])).parameters
    assert {parameter["name"] for parameter in operation["parameters"]} <= arguments.keys()


def test_every_client_method_has_an_endpoint():
    handlers = {route.handler.__name__ for route in ROUTES if route.required_scope in {"read", "write", PUBLIC}}
    assert {name for name, _ in inspect.getmembers(Client, inspect.isfunction) if name[0] != "_"} - {
        "close"
    } <= handlers


def first_trending_list(client):
    """The trending list, once the worker has published one."""
    deadline = time.monotonic() + 15
    while not (found := client.trending(n=1)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def test_every_response_has_its_type(client):
    user, tag = f"typed {uuid4().hex[:6]}/?#", uuid4().hex[:8]
    for number in range(3):
        client.put_video(f"{tag}-{number}", title="T", tags=[tag])
    assert client.get_video(f"{tag}-0").tags == (tag,)
    assert client.put_video(f"{tag}-0", labels=["x"]) == client.get_video(f"{tag}-0")
    assert client.get_video(f"{tag}-0").tags == (tag,)
    assert isinstance(client.takedowns(), Takedowns)
    assert client.put_user(user, name="Ada")["name"] == "Ada"
    assert client.post_action(user, f"{tag}-0", "like").status == 202
    listed = client.recommendations(user, n=50)
    assert listed.counted
    assert f"{tag}-1" in {video.video_id for video in listed.videos}
    assert client.recommendations(user, n=1).source == "cache"
    assert isinstance(client.get_profile(user), ProfileSummary)
    assert client.get_profile(user).recent_likes == [f"{tag}-0"]
    assert client.explain(user, f"{tag}-0").verdict == "seen"
    assert isinstance(client.explain(user, f"{tag}-1"), Explanation)
    assert isinstance(client.similar_videos(f"{tag}-0", n=2), list)
    assert isinstance(client.similar_people(user, n=2), list)
    assert len(first_trending_list(client)) == 1
    assert isinstance(client.trending_details(window="1h", tag=tag), list)
    assert isinstance(client.trending_feed(n=1), Feed)
    assert client.feed(user, n=1).likes == 1
    assert next(client.feed_events(user, n=1)).user_id == user
    assert next(client.trending_events(n=1)).user_id == ""
    receipt = client.forget(user).receipt
    assert client.forgetting(user, receipt).state in {"pending", "done"}
    assert (client.healthz(), client.readyz()) == (True, True)


def test_lists_reflect_a_batch_and_refused_actions_have_a_reason(client):
    user, video = uuid4().hex, uuid4().hex
    good = VideoAction(user_id=user, video_id=video, action_type="like")
    accepted, refused = client.post_actions([good, VideoAction(user_id=user, video_id="a\nb", action_type="like")])
    assert (accepted.status, refused.status, refused.field) == (202, 400, "video_id")
    assert client.recommendations(user).counted
    assert client.get_profile(user).likes == 1


def test_an_action_gets_an_event_id_so_that_a_retry_counts_once():
    assert _identified(VideoAction(user_id="u", video_id="v", action_type="like")).event_id is not None


@pytest.mark.parametrize(
    ("send_request", "field"),
    [
        (lambda client: client.recommendations("u", n=0), "n"),
        (lambda client: client.recommendations("u", after="x"), "after"),
        (lambda client: client.trending(window="2h"), "window"),
        (lambda client: client.get_video("no such video"), None),
    ],
)
def test_an_invalid_request_names_the_field(client, send_request, field):
    with pytest.raises(RequestError) as caught:
        send_request(client)
    assert caught.value.field == field


def test_an_unreachable_server_is_named_by_its_address():
    port = free_port()
    with Client(f"http://127.0.0.1:{port}", timeout=1.0) as client, pytest.raises(UnreachableError, match=str(port)):
        client.trending()


def busy_server(statuses):
    """A server that responds with these statuses, then with an empty list."""
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            keys.append(self.headers.get("X-API-Key"))
            status = statuses.pop(0) if statuses else 200
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

    keys = []
    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    return server, keys


@pytest.mark.parametrize(("statuses", "error"), [([503, 429], None), ([503] * 9, BusyError), ([403], KeyRefusedError)])
def test_a_request_is_retried_if_the_worker_is_busy_and_not_if_it_refuses_the_key(statuses, error):
    server, keys = busy_server(list(statuses))
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
    assert keys == ["secret"] * (1 if error is KeyRefusedError else 5 if error else 3)


def test_the_client_remembers_tokens_of_a_limited_number_of_users():
    tokens = Tokens(max_users=2)
    for number in range(3):
        tokens.remember(f"u{number}", f"0:{number}")
    assert [tokens.pending(f"u{number}") for number in range(3)] == [None, "0:1", "0:2"]


def test_the_client_imports_no_module_of_a_worker():
    program = (
        "import sys, recomind.client; print({'faust', 'mode', 'aiohttp', 'redis', 'asyncpg'} & sys.modules.keys())"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "set()"
