"""`/rulebook/history`: who changed which rule or scenario, when, and to what."""

import time
from dataclasses import replace

import aiohttp

from recomind.runtime.api_keys import new_key
from tests.conftest import workers
from tests.web.test_api import get
from tests.web.test_rules import send


async def test_rules_and_scenarios_say_who_changed_them_and_when_also_on_another_worker(new_stack, tmp_path):
    keys = [new_key("ops", ["read", "admin"]), new_key("ada", ["read", "admin"]), new_key("app", ["read", "write"])]
    settings = replace(new_stack.settings, api_keys=",".join(entry for _, entry in keys))
    ops, ada, app = ({"X-API-Key": key} for key, _ in keys)
    cap = {"action": "cap", "where": "label:ad", "at_most": 1}
    with workers(settings, tmp_path) as start:
        first = start().wait_ready()
        async with aiohttp.ClientSession(first.base_url, headers=ops) as http:
            assert await get(http, "/rulebook/history") == []
            entry = await send(http, "PUT", "/rules/history", cap)  # the name of a rule like any other
            assert entry["changed_by"] == "ops"
            assert abs(entry["changed_at"] - time.time()) < 300
            assert (await get(http, "/rules")) == [entry]
            await send(http, "PUT", "/rules/history", entry["rule"])
        async with aiohttp.ClientSession(first.base_url, headers=ada) as http:
            scenario = await send(http, "PUT", "/scenarios/kids", {"n": 5})
            assert scenario["changed_by"] == "ada"
            assert await get(http, "/scenarios") == [scenario]
            await send(http, "PUT", "/scenarios/kids", scenario["scenario"])
            await send(http, "DELETE", "/rules/history")
        async with aiohttp.ClientSession(first.base_url, headers=app) as http:
            await get(http, "/rulebook/history", 403)
        first.kill()
        second = start().wait_ready()
        async with aiohttp.ClientSession(second.base_url, headers=ops) as http:
            found = await get(http, "/rulebook/history")
            assert [one["changed_by"] for one in await get(http, "/scenarios")] == ["ada"]
        assert [(one["kind"], one["name"], one["changed_by"]) for one in found] == [
            ("rule", "history", "ada"),
            ("scenario", "kids", "ada"),
            ("scenario", "kids", "ada"),
            ("rule", "history", "ops"),
            ("rule", "history", "ops"),
        ]
        assert [found[0]["rule"], found[0]["scenario"]] == [None, None]
        assert found[1]["scenario"]["n"] == 5
        assert found[3]["rule"]["at_most"] == 1
        assert [one["changed_at"] for one in found] == sorted((one["changed_at"] for one in found), reverse=True)
