"""The changes of rules, scenarios and experiments, in the order in which they were made."""

from collections.abc import AsyncIterator, Callable, Iterable
from math import inf
from typing import NamedTuple, TypeVar

from aiokafka import ConsumerRecord

from recomind.model.experiments import ExperimentRecord, after_change, decode_experiment_record
from recomind.model.ids import Partition
from recomind.model.rules import RuleRecord, decode_rule_record
from recomind.offline.whatif_policies import Changed
from recomind.settings import Settings
from recomind.stream import topics
from recomind.stream.change_history import MAX_HISTORY, is_history
from recomind.stream.connection import client_options
from recomind.stream.log_reader import read_to_end

Record = TypeVar("Record", RuleRecord, ExperimentRecord)


class Changes(NamedTuple):
    """The changes of a topic."""

    all: list[Changed]
    """The earliest first."""
    complete_since: float
    """From when on no change is missing, epoch seconds: the history has the latest ones only."""


async def recorded_changes(settings: Settings) -> tuple[Changes, Changes]:
    """The changes of rules and scenarios, and those of experiments.

    Raises:
        UnavailableError: Kafka does not answer.
    """
    rules = [one async for one in _records(settings, topics.RULES)]
    experiments = [one async for one in _records(settings, topics.EXPERIMENTS)]
    return changes_of(rules, decode_rule_record), changes_of(experiments, decode_experiment_record)


def changes_of(records: Iterable[ConsumerRecord], decode: Callable[[bytes], Record]) -> Changes:
    """The changes that the records of a topic hold; those that cannot be read are left out, as workers do.

    The record of a guardrail is what holds of the experiment then, see `after_change`.

    A record of an earlier version does not say when it was written: an experiment then is as old as its results, and a
    rule has always been there.

    Args:
        records: in the order of the topic.
        decode: decodes a value.
    """
    found, history = list[Changed](), list[float]()
    for record in records:
        try:
            change = decode(record.value or b"")
        except (ValueError, RecursionError):
            continue
        at = change.changed_at
        if at is None:
            at = change.created_at if isinstance(change, ExperimentRecord) else 0.0
        found.append(Changed(at, change))
        if is_history(record):
            history.append(at)
    found.sort(key=lambda one: one.logged_at)
    known = dict[str, ExperimentRecord]()
    for number, (at, made) in enumerate(found):
        if isinstance(made, ExperimentRecord):
            known[made.name] = after_change(known.get(made.name), made)
            found[number] = Changed(at, known[made.name])
    return Changes(found, min(history) if len(history) >= MAX_HISTORY else -inf)


async def _records(settings: Settings, topic: str) -> AsyncIterator[ConsumerRecord]:
    async for _, records in read_to_end(client_options(settings), topic, [Partition(0)]):
        for record in records:
            yield record
