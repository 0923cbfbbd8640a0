"""All experiments as a worker knows them, and the arms of users that follow from those that run now.

What runs follows from the records of the topic `experiments` and the time. A change of it changes the key of the arms,
so stored lists that were ranked under others are recognised.
"""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from math import inf
from typing import Final, NamedTuple

import msgspec

from recomind.experiments.assignment import RESOLUTION, Span, arm_at, free_span, position_of
from recomind.model.experiments import Arm, Experiment, ExperimentRecord
from recomind.model.rules import DEFAULT_SCENARIO

_encode = msgspec.msgpack.Encoder().encode

MAX_KNOWN: Final = 20_000
"""Users whose arms are remembered: a request asks several times."""

BOTH: Final = "both"
"""The arm of users whose lists are interleaved."""


class Assigned(NamedTuple):
    """An experiment of a user."""

    experiment: str
    arm: str
    """Its name; `BOTH` if lists are interleaved."""
    configuration: tuple[Arm, ...]
    """The arm, or both arms."""
    key: str
    """Names the experiment and the arm as they are now."""


class _Running(NamedTuple):
    """An experiment that runs."""

    name: str
    experiment: Experiment
    span: Span
    layer: str
    created_at: float
    by_arm: tuple[Assigned | None, ...]
    """What users of each arm get; None if it was stopped."""
    both: Assigned | None
    """What all users get, if lists are interleaved."""


class ExperimentBook:
    """The experiments of a worker."""

    def __init__(self) -> None:
        self.records: dict[str, ExperimentRecord] = {}
        """Name to the experiment, also of those that do not run now."""
        self.listeners: list[Callable[[], None]] = []
        """Called when what runs has changed."""
        self._now = -inf
        self._names: frozenset[str] = frozenset()
        """Of the experiments that run."""
        self._known: dict[tuple[str, str], tuple[Assigned, ...]] = {}
        """Scenario and user to what `arms_of` has returned since what runs has changed, at most `MAX_KNOWN`."""
        self._running: dict[str, tuple[_Running, ...]] = {}
        """Scenario to the experiments that run, those of a layer in the order in which they were made."""

    def apply(self, record: ExperimentRecord) -> None:
        """Apply a record; the last one of an experiment counts."""
        if record.experiment is None:
            self.records.pop(record.name, None)
        else:
            self.records[record.name] = record
        self._refresh()

    def advance(self, now: float) -> None:
        """Let time pass: experiments start and end. `now` is Kafka's time, epoch seconds."""
        self._now = max(now, self._now)
        if self.records and self._running_names() != self._names:
            self._refresh()

    def is_running(self, name: str) -> bool:
        """Whether an experiment runs now."""
        return name in self._names

    def not_over(self) -> list[ExperimentRecord]:
        """The experiments that run now, or begin later."""
        records = self.records.values()
        return [one for one in records if one.experiment is not None and not _is_over(one.experiment, self._now)]

    def arms_of(self, user_id: str, scenario: str = DEFAULT_SCENARIO) -> tuple[Assigned, ...]:
        """The experiments that run in a scenario and have the user, by name; at most one of them interleaves lists."""
        running = self._running.get(scenario)
        if not running or not user_id:
            return ()
        known = self._known.get((scenario, user_id))
        if known is None:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            known = self._known[scenario, user_id] = _assigned(running, user_id)
        return known

    def own_weights(self) -> set[str]:
        """The keys of the arms that run and learn their own weights."""
        running = (arm for some in self._running.values() for one in some for arm in one.by_arm if arm is not None)
        return {arm.key for arm in running if arm.configuration[0].own_weights}

    def counted_since(self, name: str, user_id: str) -> float | None:
        """When an experiment was made, epoch seconds; None if there is none, or if the user's arm is forced."""
        record = self.records.get(name)
        if record is None or record.experiment is None or user_id in record.experiment.forced:
            return None
        return record.created_at

    def room_for(self, name: str, experiment: Experiment) -> Span | None:
        """Where in its layer an experiment has room; None if it has none."""
        if experiment.is_own_layer:
            return _span(0, experiment)
        known = self.records.get(name)
        others = [
            _span(one.first, one.experiment)
            for one in self.records.values()
            if one.name != name
            and one.experiment is not None
            and one.experiment.layer == experiment.layer
            and not _is_over(one.experiment, self._now)
        ]
        if known is not None and known.experiment is not None and known.experiment.layer == experiment.layer:
            same = _span(known.first, experiment)
            if _is_free(same, others):
                return same
        return free_span(others, _span(0, experiment).size)

    def _running_names(self) -> frozenset[str]:
        records = self.records.values()
        return frozenset(one.name for one in records if one.experiment and one.experiment.is_running(self._now))

    def _refresh(self) -> None:
        self._names = self._running_names()
        running: dict[str, tuple[_Running, ...]] = {}
        for record in sorted(self.records.values(), key=lambda one: (one.created_at, one.name)):
            experiment = record.experiment
            if experiment is not None and record.name in self._names:
                running[experiment.scenario] = (*running.get(experiment.scenario, ()), _running(record, experiment))
        if running != self._running:
            self._running = running
            self._known.clear()
            for notify in self.listeners:
                notify()


def assigned_to(record: ExperimentRecord, arm: Arm) -> Assigned:
    """What users of an arm of an experiment get."""
    return Assigned(record.name, arm.name, (arm,), _key(record, arm))


def key_of(assigned: tuple[Assigned, ...]) -> str:
    """Names some arms as they are now."""
    return "+".join(one.key for one in assigned)


def named(assigned: tuple[Assigned, ...]) -> Mapping[str, str]:
    """Experiment to arm."""
    return {one.experiment: one.arm for one in assigned}


def _assigned(running: tuple[_Running, ...], user_id: str) -> tuple[Assigned, ...]:
    found: list[Assigned] = []
    taken: set[str] = set()
    for one in running:
        if one.layer in taken or (one.both is not None and BOTH in taken) or not _has(one, user_id):
            continue
        taken |= {one.layer} if one.both is None else {one.layer, BOTH}
        assigned = one.both if one.both is not None else one.by_arm[_arm_number(one.experiment, one.name, user_id)]
        if assigned is not None:
            found.append(assigned)
    return tuple(sorted(found))


def _running(record: ExperimentRecord, experiment: Experiment) -> _Running:
    by_arm = tuple(None if arm.name in record.stopped else assigned_to(record, arm) for arm in experiment.arms)
    both = None
    if experiment.mode == "interleaving":
        both = Assigned(record.name, BOTH, experiment.arms, _key(record, *experiment.arms))
    layer = f"layer:{experiment.layer}" if experiment.layer else f"own:{record.name}"
    return _Running(record.name, experiment, _span(record.first, experiment), layer, record.created_at, by_arm, both)


def _span(first: int, experiment: Experiment) -> Span:
    """The users of a layer that an experiment has if it begins at a position."""
    return Span(first, max(1, round(experiment.traffic * RESOLUTION)))


def _key(record: ExperimentRecord, *arms: Arm) -> str:
    return blake2b(_encode((record.name, record.created_at, arms)), digest_size=6).hexdigest()


def _has(one: _Running, user_id: str) -> bool:
    return user_id in one.experiment.forced or one.span.has(position_of(user_id, "layer", one.layer))


def _arm_number(experiment: Experiment, name: str, user_id: str) -> int:
    """The number of a user's arm."""
    forced = experiment.forced.get(user_id)
    if forced is not None:
        return next(number for number, arm in enumerate(experiment.arms) if arm.name == forced)
    return arm_at(position_of(user_id, "experiment", name), [arm.share for arm in experiment.arms])


def _is_over(experiment: Experiment, now: float) -> bool:
    return experiment.ends_at is not None and not experiment.is_running(now) and experiment.ends_at.timestamp() <= now


def _is_free(span: Span, others: list[Span]) -> bool:
    is_inside = span.first + span.size <= RESOLUTION
    return is_inside and all(
        span.first + span.size <= one.first or one.first + one.size <= span.first for one in others
    )
