"""Doors: keys, scopes, limits. The app is real; no server stands behind it, so what passes the door is answered 503."""

import logging
from dataclasses import replace

import pytest
from aiohttp.test_utils import TestClient, TestServer
from click.testing import CliRunner

from recomind.cli import group
from recomind.dev.stack.server import free_port
from recomind.errors import SettingsError
from recomind.runtime.api_keys import find, new_key, read_keys
from recomind.settings import Settings
from recomind.worker import build

READER, READER_ENTRY = new_key("reader", ["read"])
WRITER, WRITER_ENTRY = new_key("writer", ["write"])
OPERATOR, OPERATOR_ENTRY = new_key("operator", ["admin"])
ALL = f"{READER_ENTRY}, {WRITER_ENTRY}, {OPERATOR_ENTRY}"
NOWHERE = Settings(
    kafka_brokers="127.0.0.1:1", postgres_dsn="postgresql://127.0.0.1:1/x", redis_url=f"redis://127.0.0.1:{free_port()}"
)
ACTION = {"user_id": "u", "video_id": "v", "action_type": "like"}


@pytest.fixture
async def serve():
    clients = []

    async def start(**settings):
        client = TestClient(TestServer(build(replace(NOWHERE, **settings)).web.web_app))
        await client.start_server()
        clients.append(client)
        return client

    yield start
    for client in clients:
        await client.close()


async def status(client, method, path, key=None, header="Authorization", **options):
    headers = {} if key is None else {header: f"Bearer {key}" if header == "Authorization" else key}
    async with client.request(method, path, headers=headers, **options) as answer:
        if answer.status >= 400:
            assert answer.content_type == "application/problem+json"
        return answer.status


async def test_without_keys_every_door_is_open(serve):
    client = await serve()
    assert await status(client, "GET", "/metrics") == 200
    assert await status(client, "POST", "/video_action", json=ACTION) == 503


async def test_a_key_opens_what_its_scopes_say(serve):
    client = await serve(api_keys=ALL)
    doors = {
        ("GET", "/trending"): (READER, 200),
        ("POST", "/video_action"): (WRITER, 503),
        ("PUT", "/videos/v"): (WRITER, 503),
        ("GET", "/metrics"): (OPERATOR, 200),
        ("GET", "/operations"): (OPERATOR, 200),
    }
    for (method, path), (holder, passed) in doors.items():
        body = {"title": "T"} if method == "PUT" else ACTION if method == "POST" else None
        for key in (READER, WRITER, OPERATOR):
            expected = passed if key == holder else 403
            assert await status(client, method, path, key, json=body) == expected, (method, path)
        assert await status(client, method, path, json=body) == 401


async def test_a_key_may_come_in_either_header(serve):
    client = await serve(api_keys=ALL)
    assert await status(client, "GET", "/trending", READER, "X-API-Key") == 200
    assert await status(client, "GET", "/trending", READER, "Authorization") == 200


@pytest.mark.parametrize("key", ["", "guess", "gu\u00e9ss", READER_ENTRY, READER_ENTRY.rpartition(":")[2], "reader"])
async def test_what_is_no_key_opens_nothing(serve, key):
    client = await serve(api_keys=ALL)
    async with client.get("/trending", headers={"X-API-Key": key}) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", ["/", "/ops", "/healthz", "/openapi.json", "/assets/feed.js"])
async def test_pages_and_health_need_no_key(serve, path):
    assert await status(await serve(api_keys=ALL), "GET", path) == 200


async def test_what_is_not_there_is_not_there_for_strangers_either(serve):
    client = await serve(api_keys=ALL)
    assert await status(client, "GET", "/nowhere") == 404
    assert await status(client, "DELETE", "/trending") == 405


async def test_a_key_that_asks_too_often_is_told_when_to_come_again(serve):
    client = await serve(api_keys=ALL, rate_limit=0.01, rate_burst=2)
    assert [await status(client, "GET", "/trending", READER) for _ in range(3)] == [200, 200, 429]
    async with client.get("/trending", headers={"X-API-Key": READER}) as answer:
        assert 1 <= int(answer.headers["Retry-After"]) <= 100
    assert await status(client, "GET", "/metrics", OPERATOR) == 200


async def test_the_description_tells_how_to_show_a_key(serve):
    async with (await serve(api_keys=ALL)).get("/openapi.json") as answer:
        described = await answer.json()
    assert set(described["components"]["securitySchemes"]) == {"bearer", "key"}
    assert {"401", "403", "429"} <= described["paths"]["/trending"]["get"]["responses"].keys()
    assert "security" not in described["paths"]["/healthz"]["get"]
    async with (await serve()).get("/openapi.json") as answer:
        assert "securitySchemes" not in (await answer.json())["components"]


async def test_only_our_routes_are_served():
    from recomind_web.routes import ROUTES

    app = build(NOWHERE)
    app.web.init_server()
    ours = {(route.method, route.path) for route in ROUTES}
    served = {(route.method, route.resource.canonical) for route in app.web.web_app.router.routes()}
    assert served - {(method, path) for method, path in served if path == "/"} == ours - {("GET", "/")}


async def test_no_log_holds_a_key(serve, caplog):
    caplog.set_level(logging.DEBUG)
    client = await serve(api_keys=ALL)
    await status(client, "GET", "/trending", READER)
    await status(client, "GET", "/metrics", READER)
    assert READER not in caplog.text
    assert READER not in repr(Settings(api_keys=ALL))


def test_the_command_makes_a_key_that_its_entry_knows():
    told = CliRunner().invoke(group, ["key", "my-app", "--scope", "read", "--scope", "admin"]).output
    key, entry = (line.split()[1] for line in told.splitlines())
    [known] = read_keys(entry)
    assert (known.name, known.scopes) == ("my-app", {"read", "admin"})
    assert find([known], key) == known
    assert find([known], key[:-1]) is None
    assert key not in entry


@pytest.mark.parametrize("keys", ["x", "a:read:12", f"a:all:{'0' * 64}", f"a:read:{'0' * 64},a:write:{'1' * 64}"])
def test_a_wrong_entry_is_refused(keys):
    with pytest.raises(SettingsError, match="RECOMIND_API_KEYS"):
        read_keys(keys)
