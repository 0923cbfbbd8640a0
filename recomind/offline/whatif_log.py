"""Read the logs for `recomind whatif`, in the order in which Kafka took them."""

from collections.abc import Callable
from contextlib import suppress

import msgspec

from recomind.errors import InputError
from recomind.model.events import Action
from recomind.model.experiments import Arm, check_arm
from recomind.model.ids import all_partitions
from recomind.model.log_identity import LogIdentity
from recomind.model.served_lists import decode_served_list
from recomind.model.text import InvalidFieldError
from recomind.offline.known_log import known_log
from recomind.offline.verification.compare_experiments import recorded_experiments
from recomind.offline.verification.recompute_users import erasure_offsets
from recomind.offline.whatif import Acted, Listed, Replay, WhatIf
from recomind.recommender.extensions.registry import BUILT_IN, Extensions
from recomind.settings import Settings
from recomind.stores.archive import Archive
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
) -> WhatIf:
    """Estimate what a configuration would have got.

    Args:
        settings: the addresses of Kafka and PostgreSQL, which are only read.
        config: see `arm_of`.
        window_s: lists of the last so many seconds count.
        most: so many ranked lists count, spread evenly; all random ones do.
        on_progress: called with a description of each step.
        extensions: rankers, and what else takes part in ranking.

    Raises:
        InputError: there is no such configuration, or no served list.
        UnavailableError: a server does not answer.
    """
    arm = await arm_of(settings, config, extensions)
    archive = Archive(settings.postgres_dsn, settings.postgres_pooling)
    await archive.open()
    try:
        log = await known_log(archive, settings.partitions)
        _, videos = await archive.all_videos()
    finally:
        await archive.close()
    on_progress("reading served lists")
    lists = await _lists(settings)
    on_progress("reading actions")
    actions = await _actions(settings, log)
    if not lists:
        raise InputError("there is no served list: lists are recorded when they are handed out")
    since = lists[-1].logged_at - window_s
    recent = sum(one.logged_at >= since and not one.event.is_control for one in lists)
    replay = Replay(arm, videos, since, min(1.0, most / max(1, recent)), extensions)
    events: list[Listed | Acted] = [*lists, *actions]
    events.sort(key=lambda one: one.logged_at)
    for number, one in enumerate(events):
        if number % 1_000 == 0:
            on_progress(f"replaying: {number:,} of {len(events):,} events")
        if isinstance(one, Listed):
            replay.serve(one)
        else:
            replay.act(one)
    return replay.result()


async def arm_of(settings: Settings, config: str, extensions: Extensions = BUILT_IN) -> Arm:
    """The configuration that a text names: an arm in JSON, `EXPERIMENT:ARM`, or a ranker.

    Raises:
        InputError: there is none, or it names a source or ranker that this process does not have.
    """
    arm = await _named_arm(settings, config, extensions)
    if arm.ranker == config:
        return arm
    try:
        check_arm(arm, extensions.source_names, extensions.ranker_names, extensions.has_own_sources)
    except InvalidFieldError as error:
        raise InputError(f"{config}: {error}") from error
    return arm


async def _named_arm(settings: Settings, config: str, extensions: Extensions) -> Arm:
    """The configuration that a text names; the names in it are not checked."""
    if config.startswith("{"):
        try:
            return msgspec.convert({"name": "config"} | msgspec.json.decode(config), Arm)
        except msgspec.DecodeError as error:
            example = '{"sources":["trending","tags"]}'
            raise InputError(f"{config} is no arm in JSON, such as {example}: {error}") from error
    experiment, _, name = config.partition(":")
    known = {one.name: one.experiment for one in await recorded_experiments(settings)}
    found = known.get(experiment)
    arm = None if found is None else found.arm(name)
    if arm is not None:
        return arm
    if extensions.has_ranker(config):
        return Arm(name="config", ranker=config)
    raise InputError(f"{config} is neither a ranker ({', '.join(extensions.ranker_names)}) nor EXPERIMENT:ARM")


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
