"""Experiments: arms that rank differently, and who is in them. They are data, which change while workers run."""

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from recomind.model.events import Id, epoch_seconds
from recomind.model.ranking_names import RankingNames
from recomind.model.rules import DEFAULT_SCENARIO, Name
from recomind.model.text import InvalidFieldError

Mode = Literal["ab", "interleaving"]

Metric = Literal["like_rate", "watch_share", "skip_rate", "repeats"]
METRICS: Final = ("like_rate", "watch_share", "skip_rate", "repeats")
LESS_IS_BETTER: Final = frozenset({"skip_rate", "repeats"})

GUARDRAIL: Final = "a guardrail"
"""Who has changed an experiment whose arm a guardrail has stopped; no name of an API key has a blank."""

SourceNames = Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=32)]
Cap = Annotated[int, msgspec.Meta(ge=1, le=10)]


class Arm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way to rank, for a share of an experiment's users: `{"name":"B","sources":["trending","tags"]}`.

    What is left out is as it is without the experiment.
    """

    name: Name
    share: Annotated[float, msgspec.Meta(gt=0, le=1000)] = 1.0
    """Of the experiment's users, relative to the shares of the other arms."""
    ranker: Annotated[str, msgspec.Meta(max_length=128)] = ""
    """The name of a ranker, `hybrid` for the hybrid; empty for that of the scenario."""
    sources: SourceNames | None = None
    """Sources that propose candidates; null for those of the scenario. A ranker with sources of its own has these."""
    creator_cap: Cap | UnsetType | None = UNSET
    """The most of any ten neighbouring videos by one creator, as long as candidates last; null for no limit."""
    tag_cap: Cap | UnsetType | None = UNSET
    """The most of any ten neighbouring videos with one tag, as long as candidates last; null for no limit."""
    spread: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    """How much a video counts less if others before it have its creator or tags."""
    exploration: Annotated[float, msgspec.Meta(ge=0, le=0.2)] | None = None
    """Share of places for new uploads."""
    without_rules: Annotated[tuple[Name, ...], msgspec.Meta(max_length=100)] = ()
    """Ids of rules that do not act."""
    context: bool = True
    """Whether the place and hour of requests count, see `recomind.model.local_context`."""
    own_weights: bool = False
    """Whether the blend's weights are learned from the arm's users alone, beginning with those of all users."""


class Guardrail(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stops an arm: `{"metric":"like_rate","worse_by":0.01}`."""

    metric: Metric
    worse_by: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    """An arm is stopped as soon as it is surely worse than the first arm by more than this."""


class Experiment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An experiment as it is sent and stored: `{"arms":[{"name":"A"},{"name":"B","exploration":0.1}]}`."""

    name: Name | UnsetType = UNSET
    """May be left out; else it must be the name in the path."""
    arms: Annotated[tuple[Arm, ...], msgspec.Meta(min_length=2, max_length=8)]
    """The first one is what the others are compared with."""
    mode: Mode = "ab"
    """`ab`: each user gets the lists of one arm. `interleaving`: each list has places of both arms."""
    scenario: Name = DEFAULT_SCENARIO
    """Of the lists that it is about."""
    traffic: Annotated[float, msgspec.Meta(ge=0.0001, le=1)] = 1.0
    """Share of all users who are in the experiment."""
    layer: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """No user is in two experiments of one layer. Empty: independent of all other experiments."""
    starts_at: datetime | None = None
    """From when on it runs; null: at once."""
    ends_at: datetime | None = None
    """Until when it runs; null: until it is deleted."""
    guardrails: Annotated[tuple[Guardrail, ...], msgspec.Meta(max_length=16)] = ()
    matters: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.01
    """A difference of like rates that matters: differences of about this size are found soonest."""
    forced: Annotated[dict[Id, Name], msgspec.Meta(max_length=1000)] = {}
    """User to the arm that they get in any case. They are for testing, and do not count in results."""
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""
    """For those who read the experiments."""

    def is_running(self, now: float) -> bool:
        """Whether it runs at a time, epoch seconds."""
        started = self.starts_at is None or epoch_seconds(self.starts_at) <= now
        return started and (self.ends_at is None or now < epoch_seconds(self.ends_at))

    def is_same_test(self, other: "Experiment") -> bool:
        """Whether what another one has counted counts for this one: users get the same lists."""
        both = [(one.arms, one.mode, one.scenario, one.layer, one.traffic, one.forced) for one in (self, other)]
        return both[0] == both[1]

    @property
    def is_own_layer(self) -> bool:
        """Whether it is independent of all other experiments."""
        return not self.layer

    def arm(self, name: str) -> Arm | None:
        """An arm by its name."""
        return next((arm for arm in self.arms if arm.name == name), None)


class ExperimentRecord(msgspec.Struct, frozen=True, array_like=True):
    """A record of the topic `experiments`: what is said of an experiment from then on."""

    name: str
    experiment: Experiment | None = None
    """None if it was deleted."""
    created_at: float = 0.0
    """When it was put first, epoch seconds: what was counted before belongs to another one of the same name."""
    first: int = 0
    """First position of its users in its layer, in 1 / `RESOLUTION` of `recomind.experiments.assignment`."""
    stopped: dict[str, str] = {}
    """Arms that were stopped, with the reason. Their users get what users without an experiment get."""
    changed_by: str = ""
    """Name of the API key, or `GUARDRAIL`; empty where requests need no key, and in records of earlier versions."""
    changed_at: float | None = None
    """Epoch seconds, by the clock of the log; None in records of earlier versions."""


encode_experiment_record = msgspec.msgpack.Encoder().encode
decode_experiment_record = msgspec.msgpack.Decoder(ExperimentRecord).decode


def after_change(known: ExperimentRecord | None, change: ExperimentRecord) -> ExperimentRecord:
    """What holds of an experiment after a change.

    A guardrail only stops arms of the experiment that it was about. That may have been deleted, or put anew, on another
    worker at the same moment: then the stop changes nothing.

    Args:
        known: what held before; None if that is not known.
        change: the change, of the same name.
    """
    if known is None or change.changed_by != GUARDRAIL:
        return change
    if known.experiment is None or known.created_at != change.created_at:
        return known
    stopped = {**known.stopped, **change.stopped}
    return replace(known, stopped=stopped, changed_by=change.changed_by, changed_at=change.changed_at)


def check_experiment(name: str, experiment: Experiment, known: RankingNames) -> None:
    """Check an experiment.

    Args:
        name: in the path.
        experiment: the experiment.
        known: the sources and rankers that there are.

    Raises:
        InvalidFieldError: a field breaks a rule that types cannot express.
    """
    if experiment.name not in {UNSET, name}:
        raise InvalidFieldError("name", "name must be the name in the path, or be left out")
    names = [arm.name for arm in experiment.arms]
    if len(set(names)) < len(names):
        raise InvalidFieldError("arms", "arms must have different names")
    for arm in experiment.arms:
        check_arm(arm, known)
    _check_mode(experiment)
    _check_times(experiment)
    wrong = next((arm for arm in experiment.forced.values() if arm not in names), None)
    if wrong is not None:
        raise InvalidFieldError("forced", f"there is no arm {wrong}")


def check_arm(arm: Arm, known: RankingNames) -> None:
    """Check the names in an arm, as `check_experiment`.

    Raises:
        InvalidFieldError: there is no such source or ranker, or the ranker has sources of its own.
    """
    known.check(arm.sources, arm.ranker, of_sources="arms", of_ranker="arms")


def _check_mode(experiment: Experiment) -> None:
    if experiment.mode == "ab":
        return
    if len(experiment.arms) != 2:
        raise InvalidFieldError("arms", "interleaving needs exactly two arms")
    if experiment.arms[0].share != experiment.arms[1].share:
        raise InvalidFieldError("arms", "interleaving has no shares: each list has as many places of both arms")
    if experiment.guardrails:
        raise InvalidFieldError("guardrails", "interleaving has no guardrails: no user has the lists of one arm")
    if any(arm.own_weights for arm in experiment.arms):
        raise InvalidFieldError("arms", "interleaving has no weights of its own: no user has the lists of one arm")
    if experiment.arms[0].context != experiment.arms[1].context:
        raise InvalidFieldError("arms", "both arms of an interleaved list count place and hour, or none does")
    if experiment.forced:
        raise InvalidFieldError("forced", "interleaving forces no arm: no user has the lists of one arm")


def _check_times(experiment: Experiment) -> None:
    for field, moment in (("starts_at", experiment.starts_at), ("ends_at", experiment.ends_at)):
        if moment is not None and moment.tzinfo is None:
            raise InvalidFieldError(field, f"{field} must have a time zone")
    starts_at, ends_at = experiment.starts_at, experiment.ends_at
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        raise InvalidFieldError("ends_at", "ends_at must be later than starts_at")
