"""Pages of other origins: what they may read, and that they change nothing unless they are allowed to."""

import aiohttp
import pytest

from recomind.runtime.api_keys import new_key
from tests.web.serving import Served

PAGE = "https://app.example"
_, ENTRY = new_key("writer", ["write"])
ACTION = '{"user_id":"u","video_id":"v","action_type":"like"}'


async def status_of_post(headers, **settings):
    async with Served(**settings) as served, aiohttp.ClientSession() as http:
        headers = {name: value.replace("SELF", f"127.0.0.1:{served.port}") for name, value in headers.items()}
        async with http.post(f"{served.base_url}/video_action", data=ACTION, headers=headers) as answer:
            return answer.status


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": PAGE, "Content-Type": "text/plain"},
        {"Origin": "null"},
        {"Origin": PAGE, "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://localhost:1", "Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_a_foreign_page_cannot_post_where_no_keys_are_set(headers):
    assert await status_of_post(headers) == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Origin": "http://SELF"},
        {"Origin": PAGE, "Sec-Fetch-Site": "same-origin"},
        {"Origin": PAGE, "X-Forwarded-Host": "app.example"},
    ],
)
async def test_programs_and_the_own_pages_can_post(headers):
    assert await status_of_post(headers) == 503  # accepted, but Kafka is away


async def test_an_allowed_page_can_post():
    assert await status_of_post({"Origin": PAGE}, cors_origins=f"https://other.example, {PAGE}/") == 503
    assert await status_of_post({"Origin": PAGE}, cors_origins="*") == 503
    assert await status_of_post({"Origin": "https://evil.example"}, cors_origins=PAGE) == 403


async def test_with_keys_the_key_decides():
    assert await status_of_post({"Origin": PAGE}, api_keys=ENTRY) == 401


async def test_a_preflight_of_an_allowed_page_needs_no_key():
    asked = {"Origin": PAGE, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key"}
    async with Served(api_keys=ENTRY, cors_origins=PAGE) as served, aiohttp.ClientSession() as http:
        async with http.options(f"{served.base_url}/video_action", headers=asked) as answer:
            assert answer.status == 204
            assert answer.headers["Access-Control-Allow-Origin"] == PAGE
            assert "X-API-Key" in answer.headers["Access-Control-Allow-Headers"]
        async with http.options(f"{served.base_url}/video_action", headers={**asked, "Origin": "https://x"}) as answer:
            assert answer.status == 405
            assert "Access-Control-Allow-Origin" not in answer.headers


async def test_an_allowed_page_can_read_answers_and_errors():
    async with Served(cors_origins=PAGE) as served, aiohttp.ClientSession() as http:
        for path in ("/trending", "/nowhere", "/events/feed"):
            async with http.get(served.base_url + path, headers={"Origin": PAGE}) as answer:
                assert answer.headers["Access-Control-Allow-Origin"] == PAGE
                assert "X-RecoMind-Token" in answer.headers["Access-Control-Expose-Headers"]
                assert answer.headers["Vary"] == "Origin"
        async with http.get(served.base_url + "/trending") as answer:
            assert "Access-Control-Allow-Origin" not in answer.headers
