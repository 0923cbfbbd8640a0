"""Settings that change while workers run: what they are, who changed them and when, and change them."""

from collections.abc import Iterable
from typing import Any

import msgspec
from aiohttp import web

from recomind.model.action_weights import ActionWeights
from recomind.model.live_settings import SettingChange
from recomind.model.responses import ChangedSetting, LiveSettingValues, SettingsChange
from recomind.runtime.app import RecoMindApp
from recomind_web.api_key_middleware import key_name
from recomind_web.request_parsing import app_of, json_response, parse_body


async def get_settings(request: web.Request) -> web.Response:
    """Read the settings that can be changed while workers run, and the latest change of each."""
    return json_response(msgspec.json.encode(_values(app_of(request))))


async def put_settings(request: web.Request) -> web.Response:
    """Change settings in all workers, without a restart.

    Only settings that are named change; `null` brings back the value with which workers are started. The response has
    the settings as they are then. Every worker has applied the change within 2 seconds, as a rule in milliseconds.
    Lists that are stored already stay until they are ranked again: at the user's next action, or after 10 minutes.
    """
    app, values = app_of(request), await parse_body(request, dict[str, msgspec.Raw])
    await app.live_settings.change(app.kafka_producer, values, key_name.get())
    return json_response(msgspec.json.encode(_values(app)))


async def settings_history(request: web.Request) -> web.Response:
    """Changes of settings: who, when and what, the latest first, at most 500."""
    changes = reversed(app_of(request).live_settings.history.latest)
    return json_response(msgspec.json.encode(list(_changed(changes))))


def _values(app: RecoMindApp) -> LiveSettingValues:
    cache = app.ranking_cache
    return LiveSettingValues(
        SettingsChange(action_weights=cache.index.action_weights, exploration=cache.exploration),
        SettingsChange(action_weights=ActionWeights(), exploration=app.options.exploration),
        tuple(_changed(app.live_settings.current.values())),
    )


def _changed(changes: Iterable[SettingChange]) -> Iterable[ChangedSetting]:
    for one in changes:
        value: Any = msgspec.json.decode(one.value)
        yield ChangedSetting(one.name, value, one.changed_by, one.changed_at)
