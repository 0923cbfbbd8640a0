"""Rules and scenarios: read, put and delete them, who did so, and preview what a rule does to a user's list.

A change acts on this worker before the response, and on all others within milliseconds.
"""

import re
from contextlib import suppress
from time import time
from typing import Final

import msgspec
from aiohttp import web

from recomind.errors import UnavailableError
from recomind.experiments.arm_effects import check_scenario_ranker
from recomind.model.catalogue import VideoSummary
from recomind.model.filters import matches, parse_filter
from recomind.model.rule_responses import PreviewVideo, RulebookChange, RuleEntry, RulePreview, ScenarioEntry
from recomind.model.rules import (
    DEFAULT_SCENARIO,
    NAME_PATTERN,
    Rule,
    RuleRecord,
    Scenario,
    check_rule,
    check_scenario,
)
from recomind.recommender.policy.policy import Policy
from recomind.runtime.app import RecoMindApp
from recomind.runtime.worker_stats import rule_totals
from recomind.runtime.worker_stats_store import WorkerStatsStore
from recomind.state.profile import Profile
from recomind_web.api_key_middleware import key_name
from recomind_web.problem_json import BadRequestError
from recomind_web.request_parsing import app_of, json_response, n_param, parse_body, path_id
from recomind_web.unseen import profile_as_if_seen

MAX_RULES: Final = 5_000
MAX_SCENARIOS: Final = 200


async def get_rules(request: web.Request) -> web.Response:
    """All rules, by id, with what each did in the last hour.

    `lists` counts the lists that were ranked with an effect of the rule, and `videos` what it left out, moved or pinned
    in them.
    """
    app = app_of(request)
    counts = await _counts(app)
    rules = app.ranking_cache.rules.rules
    return json_response(msgspec.json.encode([_entry(app, rule_id, counts) for rule_id in sorted(rules)]))


async def put_rule(request: web.Request) -> web.Response:
    """Add or replace a rule.

    It acts at once, also on stored lists: they are ranked again when they are asked for. A `draft` does not act, but
    can be previewed.
    """
    app, rule_id, rule = app_of(request), _name(request, "rule_id"), await parse_body(request, Rule)
    check_rule(rule_id, rule)
    if rule_id not in app.ranking_cache.rules.rules and len(app.ranking_cache.rules.rules) >= MAX_RULES:
        raise BadRequestError(f"there are {MAX_RULES} rules: delete some first", "rule_id")
    stored = msgspec.structs.replace(rule, rule_id=rule_id)
    await app.rule_stream.send(app.kafka_producer, RuleRecord("rule", rule_id, stored), key_name.get())
    return json_response(msgspec.json.encode(_entry(app, rule_id, await _counts(app))))


async def delete_rule(request: web.Request) -> web.Response:
    """Delete a rule."""
    app, rule_id = app_of(request), _name(request, "rule_id")
    entry = _entry(app, _known(app, rule_id), {})
    await app.rule_stream.send(app.kafka_producer, RuleRecord("rule", rule_id), key_name.get())
    return json_response(msgspec.json.encode(entry))


async def preview_rule(request: web.Request) -> web.Response:
    """What a rule does to a user's list: the list without it, and the list with it.

    The rule may be a draft, or be active. The lists are ranked for the first scenario of the rule, and not stored.
    """
    app, rule_id, user_id = app_of(request), _name(request, "rule_id"), path_id(request, "user_id")
    rule, n = app.ranking_cache.rules.rules[_known(app, rule_id)], n_param(request)
    scenario = DEFAULT_SCENARIO if not rule.scenarios or DEFAULT_SCENARIO in rule.scenarios else rule.scenarios[0]
    profile, cache = await profile_as_if_seen(app, user_id, b""), app.ranking_cache
    with suppress(UnavailableError):  # then it is previewed with what is cached
        await cache.loader.load([profile])
    metadata, conditions = cache.users.metadata_of(user_id), parse_filter(rule.where)

    def videos(acts: bool) -> tuple[PreviewVideo, ...]:
        policy = cache.rules.preview(user_id, metadata, cache.now, scenario, rule_id, acts=acts)
        return tuple(
            PreviewVideo(one.video_id, one.title, matches(conditions, entry))
            for one in _ranked(app, profile, n, policy)
            if (entry := cache.index.video(one.video_id)) is not None
        )

    return json_response(msgspec.json.encode(RulePreview(rule_id, user_id, scenario, videos(False), videos(True))))


async def get_scenarios(request: web.Request) -> web.Response:
    """All scenarios, by name."""
    app = app_of(request)
    found = sorted(app.ranking_cache.rules.scenarios.items())
    return json_response(msgspec.json.encode([_scenario_entry(app, name, scenario) for name, scenario in found]))


async def put_scenario(request: web.Request) -> web.Response:
    """Add or replace a scenario.

    It acts at once. The one called `default` is for requests that name none; that called `trending` filters the lists
    that are for no user. A ranker with sources of its own is refused while an arm of an experiment names sources.
    """
    app, name, scenario = app_of(request), _name(request, "scenario"), await parse_body(request, Scenario)
    scenarios = app.ranking_cache.rules.scenarios
    cache = app.ranking_cache
    check_scenario(name, scenario, cache.extensions.names)
    check_scenario_ranker(name, scenario, cache.experiments.not_over(), cache.extensions.has_own_sources)
    if name not in scenarios and len(scenarios) >= MAX_SCENARIOS:
        raise BadRequestError(f"there are {MAX_SCENARIOS} scenarios: delete some first", "name")
    stored = msgspec.structs.replace(scenario, name=name)
    await app.rule_stream.send(app.kafka_producer, RuleRecord("scenario", name, None, stored), key_name.get())
    return json_response(msgspec.json.encode(_scenario_entry(app, name, stored)))


async def delete_scenario(request: web.Request) -> web.Response:
    """Delete a scenario: requests that name it are refused from then on."""
    app, name = app_of(request), _name(request, "scenario")
    scenario = app.ranking_cache.rules.scenarios.get(name)
    if scenario is None:
        raise web.HTTPNotFound(text="there is no such scenario")
    entry = _scenario_entry(app, name, scenario)
    await app.rule_stream.send(app.kafka_producer, RuleRecord("scenario", name), key_name.get())
    return json_response(msgspec.json.encode(entry))


async def rulebook_history(request: web.Request) -> web.Response:
    """Changes of rules and scenarios: who, when and what, the latest first, at most 500."""
    changes = [
        RulebookChange(one.kind, one.name, one.rule, one.scenario, one.changed_by, one.changed_at)
        for one in app_of(request).rule_stream.history.latest
    ]
    return json_response(msgspec.json.encode(changes[::-1]))


def _ranked(app: RecoMindApp, profile: Profile, n: int, policy: Policy | None) -> list[VideoSummary]:
    cache = app.ranking_cache
    return msgspec.json.decode(cache.preview(profile, n, policy), type=list[VideoSummary])


def _name(request: web.Request, field: str) -> str:
    """A name in the path.

    Raises:
        BadRequestError: it has other characters than a name may have.
    """
    name = path_id(request, field)
    if not re.fullmatch(NAME_PATTERN, name):
        raise BadRequestError(f"{field} must be 1 to 64 letters, digits, dots, dashes and underscores", field)
    return name


def _known(app: RecoMindApp, rule_id: str) -> str:
    if rule_id not in app.ranking_cache.rules.rules:
        raise web.HTTPNotFound(text="there is no such rule")
    return rule_id


async def _counts(app: RecoMindApp) -> dict[str, tuple[int, int]]:
    """Rule to (lists, videos) of the last hour, of all workers; of this one while Redis is unavailable."""
    try:
        return rule_totals(await WorkerStatsStore(app.read_model.store, app.options.partitions).workers())
    except UnavailableError:
        return app.ranking_cache.rule_counts.last_hour(time())


def _entry(app: RecoMindApp, rule_id: str, counts: dict[str, tuple[int, int]]) -> RuleEntry:
    rules = app.ranking_cache.rules
    lists, videos = counts.get(rule_id, (0, 0))
    said = _changed(app, "rule", rule_id)
    return RuleEntry(rule_id, rules.rules[rule_id], rules.is_active(rule_id), lists, videos, *said)


def _scenario_entry(app: RecoMindApp, name: str, scenario: Scenario) -> ScenarioEntry:
    return ScenarioEntry(name, scenario, *_changed(app, "scenario", name))


def _changed(app: RecoMindApp, kind: str, name: str) -> tuple[str, float | None]:
    """Who changed a rule or scenario last, and when."""
    latest = app.rule_stream.latest.get((kind, name))
    return ("", None) if latest is None else (latest.changed_by, latest.changed_at)
