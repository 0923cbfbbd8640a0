"""The bounds of the HTTP server: bodies, time, connections, and the headers of every response."""

import asyncio
import gzip
import json
import tracemalloc
import zlib

import aiohttp
import pytest

from recomind.runtime.api_keys import new_key
from recomind_web import request_body
from recomind_web.request_parsing import BODY_READER_KEY
from recomind_web.server import Limits
from tests.web.serving import Served

ACTION = json.dumps({"user_id": "u", "video_id": "v", "action_type": "like"}).encode()
WRITER, WRITER_ENTRY = new_key("writer", ["write"])
BOMB = gzip.compress(bytes(50 << 20))


async def post(served, body, *, path="/video_action", headers=None, method="POST"):
    """Status, problem and headers of the response to a post; each in a connection of its own."""
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, served.base_url + path, data=body, headers=headers) as answer,
    ):
        assert answer.content_type == "application/problem+json", await answer.text()
        return answer.status, await answer.json(content_type=None), answer.headers


async def talk(served, data, within=5.0):
    """All that the server answers to raw bytes until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    try:
        writer.write(data)
        return await asyncio.wait_for(reader.read(), within)
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(ACTION)),
        ("GZIP", gzip.compress(ACTION[:9]) + gzip.compress(ACTION[9:])),
        ("deflate", zlib.compress(ACTION)),
        ("deflate", zlib.compress(ACTION, wbits=-15)),
        ("identity", ACTION),
    ],
)
async def test_a_compressed_body_is_read(coding, body):
    async with Served() as served:
        status, problem, _ = await post(served, body, headers={"Content-Encoding": coding})
    assert status == 503, problem  # it was valid, and Kafka is away


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        *(("gzip", ACTION), ("deflate", ACTION), ("gzip", gzip.compress(ACTION)[:-9]), ("br", ACTION)),
        *(("zstd", ACTION), ("gzip, gzip", gzip.compress(ACTION)), ("x\u00e9", ACTION)),
    ],
)
async def test_a_body_that_is_not_of_its_coding_is_a_problem(coding, body):
    async with Served() as served:
        status, problem, _ = await post(served, body, headers={"Content-Encoding": coding})
    assert (status, problem["status"]) == (400, 400)
    assert "Content-Encoding" in problem["detail"]


async def test_no_more_than_the_limit_is_inflated():
    tracemalloc.start()
    with pytest.raises(request_body.TooLargeError):
        request_body.inflate(BOMB, request_body.FORMATS["gzip"], 1 << 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 << 20
    async with Served() as served:
        assert (await post(served, BOMB, headers={"Content-Encoding": "gzip"}))[0] == 413


async def test_nothing_is_inflated_without_a_key(monkeypatch):
    monkeypatch.setattr(request_body, "inflate", None)
    request = b"POST /video_action HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 99999\r\n\r\nxx"
    async with Served(api_keys=WRITER_ENTRY) as served:
        assert (await post(served, BOMB, headers={"Content-Encoding": "gzip"}))[0] == 401
        answer = await talk(served, request)
    assert answer.startswith(b"HTTP/1.1 401")
    assert b"Connection: close" in answer


async def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes():
    async with Served(body_limit=1000) as served:
        answer = await talk(served, b"POST /video_action HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413")


async def test_a_body_that_comes_too_slowly_is_a_problem(monkeypatch):
    async with Served() as served:
        monkeypatch.setattr(served.app.web.web_app[BODY_READER_KEY], "_timeout_s", 0.2)
        answer = await talk(served, b"POST /video_action HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nxx")
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"problem+json" in answer


async def test_bodies_that_are_being_read_are_bounded_together(monkeypatch):
    async with Served() as served:
        reader = served.app.web.web_app[BODY_READER_KEY]
        monkeypatch.setattr(reader, "_max_total", 100)
        status, problem, headers = await post(served, b"x" * 200)
        assert (status, headers["Retry-After"]) == (503, "2"), problem
        assert reader._held == 0


@pytest.mark.parametrize("part", [b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: a"])
async def test_headers_that_do_not_end_close_the_connection(part):
    async with Served(Limits(100, header_s=0.3)) as served:
        assert await talk(served, part) == b""


async def test_a_connection_without_a_request_is_closed():
    async with Served(Limits(100, idle_s=0.3)) as served:
        assert await talk(served, b"") == b""


async def test_a_slow_request_within_the_limits_is_answered():
    async with Served(Limits(100, header_s=2.0)) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        for part in (b"GET /healthz HT", b"TP/1.1\r\nHost: x\r\n", b"\r\n"):
            writer.write(part)
            await asyncio.sleep(0.1)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.close()


async def test_a_client_that_does_not_read_is_disconnected(monkeypatch):
    monkeypatch.setattr("recomind_web.server.WRITE_TIMEOUT_S", 0.5)
    async with Served(Limits(100, response_s=0.5)) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=1)
        writer.transport.pause_reading()
        writer.write(b"GET /assets/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
        await asyncio.sleep(2)
        assert served.app.web._runner.server.connections == []
        writer.close()
        del reader


async def test_a_new_connection_takes_the_place_of_an_idle_one():
    async with Served(Limits(3)) as served:
        idle = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(6)]
        async with aiohttp.ClientSession() as http, http.get(served.base_url + "/healthz") as answer:
            assert answer.status == 200
        assert len(served.app.web._runner.server.connections) <= 3
        for _, writer in idle:
            writer.close()


async def test_when_all_connections_are_busy_a_new_one_is_told_to_wait():
    body = b"POST /video_action HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"
    async with Served(Limits(2)) as served:
        busy = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(2)]
        for _, writer in busy:
            writer.write(body)
        await asyncio.sleep(0.3)
        answer = await talk(served, b"")
        for _, writer in busy:
            writer.close()
    assert answer.startswith(b"HTTP/1.1 503")
    assert b"Retry-After: 2" in answer


@pytest.mark.parametrize(
    "junk", [b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"G\0T / HTTP/1.1\r\n\r\n"]
)
async def test_what_is_not_http_gets_a_problem_and_no_library_version(junk):
    async with Served() as served:
        answer = await talk(served, junk)
    assert answer.startswith((b"HTTP/1.0 400", b"HTTP/1.1 400"))
    assert b"problem+json" in answer
    assert b"aiohttp" not in answer
    assert b"Python" not in answer


@pytest.mark.parametrize("path", ["/", "/healthz", "/trending", "/recommendations/u", "/nowhere", "/assets/feed.js"])
async def test_every_response_has_the_common_headers(path):
    async with Served() as served, aiohttp.ClientSession() as http, http.get(served.base_url + path) as answer:
        assert answer.headers["Server"] == "RecoMind"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == ("no-cache" if path in {"/", "/assets/feed.js"} else "no-store")
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/healthz", "/trending", "/events/feed", "/assets/feed.js", "/openapi.json"])
async def test_head_is_answered_like_get_without_a_body(path):
    async with Served() as served, aiohttp.ClientSession() as http:
        async with http.head(served.base_url + path) as head:
            assert (head.status, await head.read()) == (200, b"")
        async with http.get(served.base_url + path) as get:
            assert head.content_type == get.content_type


async def test_head_needs_the_key_of_get():
    async with Served(api_keys=WRITER_ENTRY) as served, aiohttp.ClientSession(served.base_url) as http:
        answer = await http.head("/trending")
    assert answer.status == 401


@pytest.mark.parametrize(
    ("method", "path", "detail"),
    [
        ("GET", "/nowhere", "there is nothing at this path: see /docs"),
        ("DELETE", "/trending", "DELETE is not possible here: use GET or HEAD"),
        ("GET", "/assets/x", "no such file"),
    ],
)
async def test_the_detail_of_a_problem_is_a_sentence(method, path, detail):
    async with Served() as served:
        _, problem, _ = await post(served, None, method=method, path=path)
    assert problem["detail"] == detail


@pytest.mark.parametrize(("host", "address"), [("::1", "::1"), ("[::1]", "::1"), ("::", "::1"), ("::", "127.0.0.1")])
async def test_a_worker_listens_on_ipv6(host, address):
    async with Served(web_host=host) as served:
        try:
            _, writer = await asyncio.open_connection(address, served.port)
        except OSError as error:
            pytest.skip(f"no IPv6 here: {error}") if ":" in address else pytest.fail(str(error))
        writer.close()
