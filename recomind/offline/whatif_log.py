"""Read the logs for `recomind whatif`, in the order in which Kafka took them."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from recomind.errors import InputError
from recomind.experiments.book import Assigned, assigned_to
from recomind.model.context_limits import NONE
from recomind.model.events import Action
from recomind.model.experiments import Arm, check_arm
from recomind.model.ids import all_partitions
from recomind.model.log_identity import LogIdentity
from recomind.model.rules import DEFAULT_SCENARIO, RuleRecord
from recomind.model.served_lists import decode_served_list
from recomind.model.text import InvalidFieldError
from recomind.offline.known_log import known_log
from recomind.offline.recorded_changes import recorded_changes
from recomind.offline.verification.compare_experiments import recorded_experiments
from recomind.offline.verification.recompute_users import erasure_offsets
from recomind.offline.whatif import Acted, Listed, Replay, WhatIf, nothing
from recomind.offline.whatif_policies import Changed
from recomind.recommender.extensions.registry import BUILT_IN, Extensions
from recomind.settings import Settings
from recomind.stores.archive import Archive
from recomind.stores.user_follower import UserFollower
from recomind.stream import topics
from recomind.stream.codec import decode_record
from recomind.stream.connection import client_options
from recomind.stream.log_reader import read_to_end


async def whatif(
    settings: Settings,
    config: str,
    window_s: float,
    most: int,
    on_progress: Callable[[str], None] = lambda _: None,
    extensions: Extensions = BUILT_IN,
    scenario: str | None = None,
) -> WhatIf:
    """Estimate what a configuration would have got.

    Args:
        settings: the addresses of Kafka and PostgreSQL, which are only read.
        config: see `target_of`.
        window_s: lists of the last so many seconds count.
        most: so many ranked lists count, spread evenly; all random ones do.
        on_progress: called with a description of each step.
        extensions: rankers, and what else takes part in ranking.
        scenario: of the lists that count; None for that of the experiment, else for the scenario `default`.

    Raises:
        InputError: there is no such configuration, or its experiment is about another scenario; or the log does not say
            any more which rules, or which users of the arm, there were.
        UnavailableError: a server does not answer.
    """
    target, created_at, about = await target_of(settings, config, extensions, scenario)
    archive = Archive(settings.postgres_dsn, settings.postgres_pooling)
    await archive.open()
    try:
        log = await known_log(archive, settings.partitions)
        _, videos = await archive.all_videos()
        users = UserFollower(archive)
        await users.follow()
    finally:
        await archive.close()
    on_progress("reading served lists")
    lists = await _lists(settings)
    on_progress("reading actions")
    actions = await _actions(settings, log)
    since = lists[-1].logged_at - window_s if lists else 0.0
    if target.configuration[0].own_weights:
        since = max(since, created_at)  # before, the arm had no weights
    recent = [one.event for one in lists if one.logged_at >= since and one.event.scenario == about]
    if not recent:
        return nothing(about, f"no list of the scenario {about} was handed out in this time")
    changes = await _changes(settings, target, since, created_at)
    ranked = sum(not one.is_control for one in recent)
    share, has_context = min(1.0, most / max(1, ranked)), settings.context != NONE
    replay = Replay(target, videos, users, since, share, extensions, has_context=has_context, scenario=about)
    events: list[Changed | Listed | Acted] = [*changes, *lists, *actions]
    events.sort(key=lambda one: one.logged_at)
    for number, one in enumerate(events):
        if number % 1_000 == 0:
            on_progress(f"replaying: {number:,} of {len(events):,} events")
        if isinstance(one, Changed):
            replay.change(one)
        elif isinstance(one, Listed):
            replay.serve(one)
        else:
            replay.act(one)
    return replay.result()


class Target(NamedTuple):
    """The configuration that `recomind whatif` is asked for."""

    assigned: Assigned
    """What its users would get."""
    created_at: float = 0.0
    """Since when its experiment is as it is now, epoch seconds; 0 if it is no arm of an experiment."""
    scenario: str = DEFAULT_SCENARIO
    """Of the lists that it is about."""


async def target_of(
    settings: Settings, config: str, extensions: Extensions = BUILT_IN, scenario: str | None = None
) -> Target:
    """The configuration that a text names: an arm in JSON, `EXPERIMENT:ARM`, or a ranker.

    Args:
        settings: the address of Kafka, where experiments are.
        config: the text.
        extensions: the rankers and sources that there are.
        scenario: of the lists; None for that of the experiment, else for the scenario `default`.

    Raises:
        InputError: there is none, it names a source or ranker that this process does not have, its experiment is about
            another scenario, or it has weights of its own and no users who could teach them.
    """
    target = await _named_target(settings, config, extensions)
    if scenario is not None and not target.assigned.experiment:
        target = target._replace(scenario=scenario)
    if scenario not in {None, target.scenario}:
        raise InputError(f"{config} is about the scenario {target.scenario}, not {scenario}: leave --scenario out")
    [arm] = target.assigned.configuration
    if arm.ranker == config:
        return target
    try:
        check_arm(arm, extensions.names)
    except InvalidFieldError as error:
        raise InputError(f"{config}: {error}") from error
    if arm.own_weights and not target.created_at:
        raise InputError(
            f"{config}: own_weights are learned from the users of an arm: name the arm of an experiment, EXPERIMENT:ARM"
        )
    return target


async def _named_target(settings: Settings, config: str, extensions: Extensions) -> Target:
    """The configuration that a text names; the names in it are not checked."""
    if config.startswith("{"):
        try:
            arm = msgspec.convert({"name": "config"} | msgspec.json.decode(config), Arm)
        except msgspec.DecodeError as error:
            example = '{"sources":["trending","tags"]}'
            raise InputError(f"{config} is no arm in JSON, such as {example}: {error}") from error
        return _without_experiment(arm)
    experiment, _, name = config.partition(":")
    record = {one.name: one for one in await recorded_experiments(settings)}.get(experiment)
    found = None if record is None or record.experiment is None else record.experiment.arm(name)
    if record is not None and record.experiment is not None and found is not None:
        return Target(assigned_to(record, found), record.created_at, record.experiment.scenario)
    if extensions.has_ranker(config):
        return _without_experiment(Arm(name="config", ranker=config))
    raise InputError(f"{config} is neither a ranker ({', '.join(extensions.ranker_names)}) nor EXPERIMENT:ARM")


def _without_experiment(arm: Arm) -> Target:
    return Target(Assigned("", arm.name, (arm,), ""))


async def _changes(settings: Settings, target: Assigned, since: float, created_at: float) -> list[Changed]:
    """The changes of rules, scenarios and experiments.

    Raises:
        InputError: some are missing of the time that matters: for rules that of the lists that count, for the users who
            teach an arm that of its experiment. Or a rule that is not to act has never been there.
    """
    rules, experiments = await recorded_changes(settings)
    if rules.complete_since > since:
        text = f"{datetime.fromtimestamp(rules.complete_since, UTC):%Y-%m-%d %H:%M} UTC"
        raise InputError(f"which rules acted is not known before {text}: only the latest changes are; shorten --since")
    known = {one.record.name for one in rules.all if isinstance(one.record, RuleRecord) and one.record.kind == "rule"}
    for rule_id in target.configuration[0].without_rules:
        if rule_id not in known:
            raise InputError(f"without_rules: there is no rule {rule_id}, and there has not been any")
    if target.configuration[0].own_weights and experiments.complete_since > created_at:
        raise InputError("who was in the arm is not known any more, as only the latest changes of experiments are")
    return [*rules.all, *experiments.all]


async def _lists(settings: Settings) -> list[Listed]:
    """The served lists in the order in which Kafka took them."""
    found: list[Listed] = []
    partitions = all_partitions(settings.partitions)
    async for _, records in read_to_end(client_options(settings), topics.SERVED_LISTS, partitions):
        for record in records:
            with suppress(ValueError, RecursionError):  # workers have said so
                found.append(Listed(record.timestamp / 1000, decode_served_list(record.value or b"")))
    return sorted(found, key=lambda one: one.logged_at)


async def _actions(settings: Settings, log: LogIdentity) -> list[Acted]:
    """The actions of users that were not erased later."""
    found: list[tuple[int, int, Acted]] = []
    erased: dict[str, int] = {}
    for partition in all_partitions(settings.partitions):
        async for _, records in read_to_end(client_options(settings), topics.ACTIONS, [partition]):
            erased |= erasure_offsets(records, log)
            for record in records:
                decoded = decode_record(record, log)
                if isinstance(decoded.action, Action) and not decoded.misrouted:
                    acted = Acted(record.timestamp / 1000, decoded.action, decoded.source_offset)
                    found.append((partition, record.offset, acted))
    return [acted for _, offset, acted in found if offset > erased.get(acted.action.user_id, -1)]
