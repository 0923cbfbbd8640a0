"""API keys, scopes and rate limits. No Kafka, Redis or PostgreSQL runs, so an authorised request may get a 503."""

import logging
from dataclasses import replace

import pytest
from aiohttp.test_utils import TestClient, TestServer
from click.testing import CliRunner

from recomind.cli import group
from recomind.dev.stack.server import free_port
from recomind.errors import SettingsError
from recomind.runtime.api_keys import find_key, new_key, parse_keys
from recomind.settings import Settings
from recomind.worker import build

READER, READER_ENTRY = new_key("reader", ["read"])
WRITER, WRITER_ENTRY = new_key("writer", ["write"])
OPERATOR, OPERATOR_ENTRY = new_key("operator", ["admin"])
ALL = f"{READER_ENTRY}, {WRITER_ENTRY}, {OPERATOR_ENTRY}"
NO_SERVERS = Settings(
    kafka_brokers="127.0.0.1:1", postgres_dsn="postgresql://127.0.0.1:1/x", redis_url=f"redis://127.0.0.1:{free_port()}"
)
ACTION = {"user_id": "u", "video_id": "v", "action_type": "like"}


@pytest.fixture
async def serve():
    clients = []

    async def start(**settings):
        client = TestClient(TestServer(build(replace(NO_SERVERS, **settings)).web.web_app))
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


async def test_without_configured_keys_every_route_is_public(serve):
    client = await serve()
    assert await status(client, "GET", "/metrics") == 200
    assert await status(client, "POST", "/video_action", json=ACTION) == 503


async def test_a_key_is_accepted_on_the_routes_of_its_scopes(serve):
    client = await serve(api_keys=ALL)
    routes = {
        ("GET", "/trending"): (READER, 200),
        ("POST", "/video_action"): (WRITER, 503),
        ("PUT", "/videos/v"): (WRITER, 503),
        ("GET", "/metrics"): (OPERATOR, 200),
        ("GET", "/operations"): (OPERATOR, 200),
    }
    for (method, path), (accepted_key, accepted_status) in routes.items():
        body = {"title": "T"} if method == "PUT" else ACTION if method == "POST" else None
        for key in (READER, WRITER, OPERATOR):
            expected = accepted_status if key == accepted_key else 403
            assert await status(client, method, path, key, json=body) == expected, (method, path)
        assert await status(client, method, path, json=body) == 401


async def test_a_ranker_is_looked_at_with_the_scope_admin(serve):
    both, both_entry = new_key("both", ["read", "admin"])
    client = await serve(api_keys=f"{ALL}, {both_entry}")
    path = "/recommendations/u?ranker=popularity"
    assert await status(client, "GET", path, both) == 200
    assert await status(client, "GET", path, READER) == 403
    assert await status(client, "GET", path.partition("?")[0], READER) == 200
    assert await status(await serve(), "GET", path) == 200


async def test_a_key_may_be_sent_in_either_header(serve):
    client = await serve(api_keys=ALL)
    assert await status(client, "GET", "/trending", READER, "X-API-Key") == 200
    assert await status(client, "GET", "/trending", READER, "Authorization") == 200


@pytest.mark.parametrize("key", ["", "guess", "gu\u00e9ss", READER_ENTRY, READER_ENTRY.rpartition(":")[2], "reader"])
async def test_an_unknown_key_is_refused(serve, key):
    client = await serve(api_keys=ALL)
    async with client.get("/trending", headers={"X-API-Key": key}) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", ["/", "/ops", "/healthz", "/openapi.json", "/assets/feed.js"])
async def test_pages_and_health_need_no_key(serve, path):
    assert await status(await serve(api_keys=ALL), "GET", path) == 200


async def test_an_unknown_route_is_not_found_without_a_key(serve):
    client = await serve(api_keys=ALL)
    assert await status(client, "GET", "/nowhere") == 404
    assert await status(client, "DELETE", "/trending") == 405


async def test_a_key_over_its_rate_limit_gets_the_seconds_to_wait(serve):
    client = await serve(api_keys=ALL, rate_limit=0.01, rate_burst=2)
    assert [await status(client, "GET", "/trending", READER) for _ in range(3)] == [200, 200, 429]
    async with client.get("/trending", headers={"X-API-Key": READER}) as answer:
        assert 1 <= int(answer.headers["Retry-After"]) <= 100
    assert await status(client, "GET", "/metrics", OPERATOR) == 200


async def test_the_openapi_document_describes_how_to_send_a_key(serve):
    async with (await serve(api_keys=ALL)).get("/openapi.json") as answer:
        document = await answer.json()
    assert set(document["components"]["securitySchemes"]) == {"bearer", "key"}
    assert {"401", "403", "429"} <= document["paths"]["/trending"]["get"]["responses"].keys()
    assert "security" not in document["paths"]["/healthz"]["get"]
    async with (await serve()).get("/openapi.json") as answer:
        assert "securitySchemes" not in (await answer.json())["components"]


async def test_only_the_declared_routes_are_served():
    from recomind_web.routes import ROUTES

    app = build(NO_SERVERS)
    app.web.init_server()
    declared = {(method, route.path) for route in ROUTES for method in route.methods}
    served = {(route.method, route.resource.canonical) for route in app.web.web_app.router.routes()}
    assert served - {(method, path) for method, path in served if path == "/"} == declared - {
        ("GET", "/"),
        ("HEAD", "/"),
    }


async def test_no_log_line_contains_a_key(serve, caplog):
    caplog.set_level(logging.DEBUG)
    client = await serve(api_keys=ALL)
    await status(client, "GET", "/trending", READER)
    await status(client, "GET", "/metrics", READER)
    assert READER not in caplog.text
    assert READER not in repr(Settings(api_keys=ALL))


def test_the_key_command_creates_a_key_that_matches_its_entry():
    output = CliRunner().invoke(group, ["key", "my-app", "--scope", "read", "--scope", "admin"]).output
    key, entry = (line.split()[1] for line in output.splitlines())
    [known] = parse_keys(entry)
    assert (known.name, known.scopes) == ("my-app", {"read", "admin"})
    assert find_key([known], key) == known
    assert find_key([known], key[:-1]) is None
    assert key not in entry


@pytest.mark.parametrize("keys", ["x", "a:read:12", f"a:all:{'0' * 64}", f"a:read:{'0' * 64},a:write:{'1' * 64}"])
def test_an_invalid_entry_is_refused(keys):
    with pytest.raises(SettingsError, match="RECOMIND_API_KEYS"):
        parse_keys(keys)
