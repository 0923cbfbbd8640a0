"""Parameters of requests, on a server in the test's process."""

import aiohttp
import pytest
from yarl import URL

from tests.web.serving import Served


@pytest.fixture
async def served():
    async with Served() as running:
        yield running


async def ask(served, query):
    async with (
        aiohttp.ClientSession() as http,
        http.get(URL(f"{served.base_url}/recommendations/u1{query}", encoded=True)) as answer,
    ):
        return answer.status, await answer.json(content_type=None)


@pytest.mark.parametrize(
    "query", ["", "?exclude=", "?exclude=a", "?exclude=a,b&exclude=c", "?exclude=a%2Cb", "?x&exclude"]
)
async def test_exclude_is_a_list_of_ids(served, query):
    assert (await ask(served, query))[0] == 200


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("?exclude=" + ",".join(map(str, range(101))), "exclude has 101 ids: at most 100 are possible"),
        ("?exclude=a,,b", "exclude must be 1 to 128 printable characters"),
        ("?exclude=a%00b", "exclude must be 1 to 128 printable characters"),
        ("?exclude=" + 129 * "a", "exclude must be 1 to 128 printable characters"),
    ],
)
async def test_another_exclude_is_refused(served, query, detail):
    status, problem = await ask(served, query)
    assert (status, problem["field"], problem["detail"]) == (400, "exclude", detail)
