"""`/rulebook/history` and `/experiment-history`: who changed which rule, scenario or experiment, when, and to what."""

import time
from dataclasses import replace

import aiohttp
import pytest

from recomind.runtime.api_keys import new_key
from tests.conftest import workers
from tests.web.test_api import get
from tests.web.test_rules import send

EXPERIMENT = {"arms": [{"name": "A"}, {"name": "B", "spread": 0.2}], "traffic": 0.0001}


async def test_rules_scenarios_and_experiments_say_who_changed_them_and_when_also_on_another_worker(
    new_stack, tmp_path
):
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
            assert await get(http, "/experiment-history") == []
            put = await send(http, "PUT", "/experiments/history", EXPERIMENT)  # also the name of an experiment
            assert put["changed_by"] == "ops"
            assert put["changed_at"] == pytest.approx(put["created_at"], abs=60)
            assert await get(http, "/experiments/history") == put
        async with aiohttp.ClientSession(first.base_url, headers=ada) as http:
            scenario = await send(http, "PUT", "/scenarios/kids", {"n": 5})
            assert scenario["changed_by"] == "ada"
            assert await get(http, "/scenarios") == [scenario]
            await send(http, "PUT", "/scenarios/kids", scenario["scenario"])
            await send(http, "DELETE", "/rules/history")
            await send(http, "PUT", "/experiments/history", EXPERIMENT | {"note": "n"})
            await send(http, "PUT", "/experiments/other", EXPERIMENT)
            await send(http, "DELETE", "/experiments/history")
        async with aiohttp.ClientSession(first.base_url, headers=app) as http:
            await get(http, "/rulebook/history", 403)
            await get(http, "/experiment-history", 403)
        first.kill()
        second = start().wait_ready()
        async with aiohttp.ClientSession(second.base_url, headers=ops) as http:
            found = await get(http, "/rulebook/history")
            assert [one["changed_by"] for one in await get(http, "/scenarios")] == ["ada"]
            changes = await get(http, "/experiment-history")
            assert [one["changed_by"] for one in await get(http, "/experiments")] == ["ada"]
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
        assert [
            (one["name"], one["changed_by"], one["experiment"] and one["experiment"]["note"]) for one in changes
        ] == [
            ("history", "ada", None),
            ("other", "ada", ""),
            ("history", "ada", "n"),
            ("history", "ops", ""),
        ]
        assert [one["changed_at"] for one in changes] == sorted((one["changed_at"] for one in changes), reverse=True)
