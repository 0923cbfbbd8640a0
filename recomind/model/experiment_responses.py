"""Bodies of the HTTP API about experiments."""

from typing import Literal

import msgspec

from recomind.model.experiments import Experiment, Metric

Verdict = Literal["better", "worse", "unknown"]


class ArmFigures(msgspec.Struct, frozen=True):
    """What users of an arm were shown and did. Rates are null while there is nothing to divide by."""

    name: str
    """`both` for the lists of both rankers, if lists are interleaved."""
    users: int
    """Users who got a list."""
    is_part_of_users: bool
    """Whether there were more users than are counted."""
    impressions: int
    """Shown places."""
    likes: int
    """Places that were liked."""
    like_rate: float | None
    """Likes by shown places."""
    watch_share: float | None
    """Mean share of a video that was watched, where actions say how long it was."""
    skip_rate: float | None
    """Skipped places by shown places."""
    repeats: float | None
    """Shown places whose video the user had acted on before, by shown places."""
    coverage: int
    """About how many distinct videos were shown; the standard error is 3 %."""
    lists: int
    """Lists, each as often as it was handed out; without those from before a version that counts them."""
    ranker_left_out: float | None
    """Share of these lists that their ranker was left out of: it failed, was too slow, suspended or missing. Such a
    list is the hybrid's, and counts for the arm all the same. Above 0.01, find out why before you trust differences."""
    stopped: str
    """Why a guardrail has stopped the arm; empty if none has."""


class Difference(msgspec.Struct, frozen=True):
    """How much a metric of an arm differs from that of the first arm."""

    arm: str
    metric: Metric
    difference: float | None
    low: float | None
    """The lower end of the confidence sequence, which holds whenever it is looked at; null: not known yet."""
    high: float | None
    verdict: Verdict


class SampleRatio(msgspec.Struct, frozen=True):
    """Whether arms have as many users as their shares say."""

    is_as_planned: bool
    """If not, some users are lost, and no other figure can be trusted."""
    p_value: float
    """It holds whenever it is looked at; below 0.001 is a mismatch."""
    expected: tuple[float, ...]
    """Users of each arm by the shares."""


class Preference(msgspec.Struct, frozen=True):
    """Which ranker users prefer in interleaved lists."""

    preferred: str
    """The arm; empty if it is not known yet."""
    difference: float | None
    """Likes of the second arm's places less those of the first's, by shown place."""
    low: float | None
    high: float | None


class ExperimentFigures(msgspec.Struct, frozen=True):
    """An experiment with its results."""

    name: str
    experiment: Experiment
    """As it can be put again."""
    is_running: bool
    created_at: float
    """Since when results count, epoch seconds."""
    arms: tuple[ArmFigures, ...]
    differences: tuple[Difference, ...]
    sample_ratio: SampleRatio | None
    """Null if lists are interleaved, and once an arm was stopped, as it gets no users any more."""
    preference: Preference | None
    """Null unless lists are interleaved."""
    changed_by: str = ""
    """Name of the API key that changed it last, or `a guardrail`; empty where requests need none, or before this was
    stored."""
    changed_at: float | None = None
    """When it was changed last, epoch seconds; null before this was stored."""
    sources_ignored: dict[str, str] = {}
    """Arm to why its `sources` do not propose: the scenario has got a ranker with sources of its own."""


class ExperimentChange(msgspec.Struct, frozen=True):
    """A change of an experiment."""

    name: str
    experiment: Experiment | None
    """The experiment as it was put; null if it was deleted."""
    stopped: dict[str, str]
    """Arms that guardrails had stopped by then, each with the reason."""
    changed_by: str
    """Name of the API key; `a guardrail` if one has stopped an arm; empty where requests need no key."""
    changed_at: float | None
    """Epoch seconds."""
