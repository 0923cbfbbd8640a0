"""`/settings`: a change is in every worker at once, outlives them, and says who made it."""

import asyncio
import time
from dataclasses import replace

import aiohttp
import msgspec
import pytest

from recomind.model.action_weights import ActionWeights
from recomind.runtime.api_keys import new_key
from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.producer import Producer, ProducerRecord
from tests.conftest import workers

DEFAULTS = msgspec.to_builtins(ActionWeights())


async def get_settings(base_url, **headers):
    async with aiohttp.ClientSession(base_url) as http, http.get("/settings", headers=headers) as answer:
        assert answer.status == 200
        return await answer.json()


async def put_settings(base_url, body, status=200, **headers):
    async with aiohttp.ClientSession(base_url) as http, http.put("/settings", json=body, headers=headers) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json(content_type=None)


async def test_a_change_is_in_every_worker_within_two_seconds_and_after_a_restart(new_stack, tmp_path):
    settings = new_stack.settings
    with workers(settings, tmp_path) as start:
        first, second = start().wait_ready(), start().wait_ready()
        assert (await get_settings(second.base_url))["settings"]["action_weights"] == DEFAULTS
        changed = await put_settings(first.base_url, {"action_weights": {"share": 2.5}, "exploration": 0.1})
        assert changed["settings"] == {"action_weights": DEFAULTS | {"share": 2.5}, "exploration": 0.1}
        deadline = time.monotonic() + 2.0
        while (await get_settings(second.base_url))["settings"] != changed["settings"]:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)
        await send_strange_records(settings)
        await put_settings(second.base_url, {"exploration": None})
        first.kill()
        third = start().wait_ready()
        found = await get_settings(third.base_url)
        assert found["settings"] == {"action_weights": DEFAULTS | {"share": 2.5}, "exploration": 0.06}
        async with aiohttp.ClientSession(third.base_url) as http, http.get("/settings/history") as answer:
            history = await answer.json()
        assert [one["name"] for one in history] == ["exploration", "exploration", "action_weights"]
        assert [one["value"] for one in history[:2]] == [None, 0.1]
        assert all(abs(one["changed_at"] - time.time()) < 300 for one in history)
        assert (second.stop(), third.stop()) == (0, 0)


async def send_strange_records(settings):
    """Records that are no changes: they change nothing, and stop no worker."""
    producer = Producer(client_options(settings))
    await producer.start()
    change = b'{"name":"%s","value":%s,"changed_by":"","changed_at":1.0}'
    values = b"{", b"", change % (b"unknown", b"1"), change % (b"exploration", b"7"), change % (b"exploration", b"{}")
    await producer.send(topics.LIVE_SETTINGS, 0, [ProducerRecord(b"exploration", value) for value in values])
    await producer.stop()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"exploration": 0.1, "volume": 11}, "volume"),
        ({"exploration": 0.3}, "exploration"),
        ({"action_weights": {"like": 6}}, "action_weights"),
        ({"action_weights": {"love": 1}}, "action_weights"),
        ({"action_weights": 1, "exploration": 0.1}, "action_weights"),
    ],
)
async def test_a_bad_value_is_refused_by_name_and_changes_nothing(worker, body, field):
    before = await get_settings(worker.base_url)
    assert (await put_settings(worker.base_url, body, status=400))["field"] == field
    assert await get_settings(worker.base_url) == before


async def test_settings_need_the_scope_admin_and_name_the_key_that_changed_them(new_stack, tmp_path):
    keys = [new_key("ops", ["read", "admin"]), new_key("app", ["read", "write"])]
    settings = replace(
        new_stack.settings, api_keys=",".join(entry for _, entry in keys), context_headers="country=X-Country"
    )
    with workers(settings, tmp_path) as start:
        worker = start().wait_ready()
        admin, writer = ({"X-API-Key": key} for key, _ in keys)
        await put_settings(worker.base_url, {"exploration": 0.0}, status=403, **writer)
        changed = await put_settings(worker.base_url, {"exploration": 0.0}, **admin)
        assert [one["changed_by"] for one in changed["changes"]] == ["ops"]
        await send_faulty_context_headers(worker.base_url, writer, admin)
        assert worker.stop() == 0


async def send_faulty_context_headers(base_url, writer, admin):
    """A proxy that sends nonsense fails no request; it is counted once for each."""
    action = {"user_id": "u", "video_id": "v", "action_type": "like"}
    async with aiohttp.ClientSession(base_url, headers={"X-Country": "Atlantis"}) as http:
        async with http.post("/video_action", json=action, headers=writer) as answer:
            assert answer.status == 202
        async with http.post("/video_actions", json=[action, action | {"user_id": "w"}], headers=writer) as answer:
            assert answer.status == 202  # of two users: the headers are not read
        invalid = {"user_id": "w", "video_id": "v", "action_type": "nod"}
        async with http.post("/video_actions", json=[action, invalid], headers=writer) as answer:
            assert answer.status == 207  # of two users, too
        async with http.get("/recommendations/u", headers=writer) as answer:
            assert answer.status == 200
        async with http.get("/metrics", headers=admin) as answer:
            assert 'recomind_unreadable_context_headers_total{key="country"} 2.0' in await answer.text()
