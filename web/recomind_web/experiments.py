"""Experiments: put and delete them, who did so, and read what users of each arm were shown and did.

A change acts on this worker before the response, and on all others within milliseconds. Figures are those of the last
commits of all workers.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec
from aiohttp import web

from recomind.experiments.arm_effects import check_effects, ignored_sources
from recomind.experiments.results import figures_of
from recomind.model.experiment_responses import ExperimentChange, ExperimentFigures
from recomind.model.experiments import Experiment, ExperimentRecord, check_experiment
from recomind.model.rules import DEFAULT_SCENARIO, NAME_PATTERN
from recomind.runtime.app import RecoMindApp
from recomind.runtime.experiment_results import read_totals
from recomind_web.api_key_middleware import key_name
from recomind_web.problem_json import BadRequestError
from recomind_web.request_parsing import app_of, json_response, parse_body, path_id

MAX_EXPERIMENTS: Final = 100


async def get_experiments(request: web.Request) -> web.Response:
    """All experiments with their results, by name. A browser that asks for HTML gets the page."""
    app = app_of(request)
    records = sorted(app.ranking_cache.experiments.records.values(), key=lambda one: one.name)
    return json_response(msgspec.json.encode(await _figures(app, records)))


async def get_experiment(request: web.Request) -> web.Response:
    """An experiment with its results.

    Differences are compared with the first arm. Their intervals are confidence sequences: they hold with a probability
    of 95 % at all times together, so the experiment may be ended whenever one of them excludes 0.
    """
    app = app_of(request)
    [found] = await _figures(app, [_known(app, _name(request))])
    return json_response(msgspec.json.encode(found))


async def put_experiment(request: web.Request) -> web.Response:
    """Add or change an experiment.

    It acts at once, also on stored lists: they are ranked again when they are asked for. If arms, mode, scenario,
    layer, traffic or forced arms change, results are counted anew, and arms that guardrails have stopped go on.

    An arm that would have no effect is refused: `sources` where the ranker of the scenario has sources of its own, and
    `without_rules` of rules that do not exist, or do not act in the scenario.
    """
    app, name, experiment = app_of(request), _name(request), await parse_body(request, Experiment)
    cache = app.ranking_cache
    check_experiment(name, experiment, cache.extensions.names)
    if experiment.scenario != DEFAULT_SCENARIO and experiment.scenario not in cache.rules.scenarios:
        raise BadRequestError("there is no such scenario: PUT /scenarios/{name} makes one", "scenario")
    known = cache.experiments.records.get(name)
    if known is None or known.experiment is None or not known.experiment.is_same_test(experiment):
        rules, has_own_sources = cache.rules, cache.extensions.has_own_sources
        check_effects(experiment, rules.rules, rules.scenarios, has_own_sources, has_context=cache.has_context)
    await app.experiment_stream.send(app.kafka_producer, _record(app, name, experiment), key_name.get())
    [found] = await _figures(app, [_known(app, name)])
    return json_response(msgspec.json.encode(found))


async def delete_experiment(request: web.Request) -> web.Response:
    """End an experiment, and forget its results. The response has them for the last time."""
    app, name = app_of(request), _name(request)
    [found] = await _figures(app, [_known(app, name)])
    await app.experiment_stream.send(app.kafka_producer, ExperimentRecord(name), key_name.get())
    return json_response(msgspec.json.encode(found))


async def experiment_history(request: web.Request) -> web.Response:
    """Changes of experiments: who, when and what, the latest first, at most 500.

    That a guardrail has stopped an arm is a change, too: `changed_by` is `a guardrail`, and `stopped` has the reason.
    """
    changes = [
        ExperimentChange(one.name, one.experiment, one.stopped, one.changed_by, one.changed_at)
        for one in app_of(request).experiment_stream.history.latest
    ]
    return json_response(msgspec.json.encode(changes[::-1]))


def _record(app: RecoMindApp, name: str, experiment: Experiment) -> ExperimentRecord:
    """The record of an experiment that is put.

    Raises:
        BadRequestError: there are too many, or its layer has no room for it.
    """
    book = app.ranking_cache.experiments
    known = book.records.get(name)
    if known is None and len(book.records) >= MAX_EXPERIMENTS:
        raise BadRequestError(f"there are {MAX_EXPERIMENTS} experiments: delete some first", "name")
    span = book.room_for(name, experiment)
    if span is None:
        raise BadRequestError(f"layer {experiment.layer} has no room for so much traffic", "traffic")
    stored = msgspec.structs.replace(experiment, name=name)
    if known is not None and known.experiment is not None and known.experiment.is_same_test(experiment):
        return ExperimentRecord(name, stored, known.created_at, span.first, known.stopped)
    return ExperimentRecord(name, stored, app.kafka_producer.clock.now(), span.first)


async def _figures(app: RecoMindApp, records: Sequence[ExperimentRecord]) -> list[ExperimentFigures]:
    is_running = app.ranking_cache.experiments.is_running
    totals = await read_totals(app, records) if records else []
    found = [figures_of(one, some, is_running=is_running(one.name)) for one, some in zip(records, totals, strict=True)]
    return [msgspec.structs.replace(one, sources_ignored=_ignored(app, one.experiment)) for one in found]


def _ignored(app: RecoMindApp, experiment: Experiment) -> dict[str, str]:
    """Arm to why its sources are ignored now; records of other versions may hold such arms."""
    cache = app.ranking_cache
    scenario = cache.rules.scenarios.get(experiment.scenario)
    return ignored_sources(experiment, scenario, cache.extensions.has_own_sources)


def _name(request: web.Request) -> str:
    """The name in the path.

    Raises:
        BadRequestError: it has other characters than a name may have.
    """
    name = path_id(request, "experiment")
    if not re.fullmatch(NAME_PATTERN, name):
        raise BadRequestError("experiment must be 1 to 64 letters, digits, dots, dashes and underscores", "experiment")
    return name


def _known(app: RecoMindApp, name: str) -> ExperimentRecord:
    found = app.ranking_cache.experiments.records.get(name)
    if found is None:
        raise web.HTTPNotFound(text="there is no such experiment")
    return found
