"""Rules and scenarios: what may be shown, and how lists are arranged. They are data, which change while workers run."""

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from recomind.model.events import epoch_seconds
from recomind.model.filters import MAX_FILTER_LENGTH, Filter, parse_filter
from recomind.model.ranking_names import RankingNames
from recomind.model.text import InvalidFieldError

RuleAction = Literal["filter", "boost", "bury", "pin", "cap"]
RULE_ACTIONS: Final = ("filter", "boost", "bury", "pin", "cap")

NAME_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
Name = Annotated[str, msgspec.Meta(pattern=NAME_PATTERN, max_length=64)]

DEFAULT_SCENARIO: Final = "default"
"""The scenario of requests that name none."""

TRENDING_SCENARIO: Final = "trending"
"""The scenario of lists that are for no user. Of a scenario of this name only the filter acts."""

FilterText = Annotated[str, msgspec.Meta(max_length=MAX_FILTER_LENGTH)]


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule as it is sent and stored: `{"action":"filter","where":"label:sponsored"}`."""

    rule_id: Name | UnsetType = UNSET
    """May be left out; else it must be the id in the path."""
    action: RuleAction
    """`filter` leaves videos out, `boost` and `bury` move them, `pin` puts one at a place, `cap` limits how many."""
    where: FilterText
    """Which videos: a filter expression, such as `tag:music -language:en`. A pin names `video:` ids, the first best."""
    scenarios: Annotated[tuple[Name, ...], msgspec.Meta(max_length=100)] = ()
    """Where it acts; empty for everywhere. `default` is the list without a scenario, `trending` that of no user."""
    starts_at: datetime | None = None
    """From when on it acts; null: at once."""
    ends_at: datetime | None = None
    """Until when it acts; null: for good."""
    factor: Annotated[float, msgspec.Meta(gt=1, le=1000)] = 2.0
    """Of `boost` and `bury`: what the odds of a like are multiplied with, or divided by."""
    place: Annotated[int, msgspec.Meta(ge=1, le=500)] = 1
    """Of `pin`: the place in the list, from 1."""
    at_most: Annotated[int, msgspec.Meta(ge=1, le=500)] = 1
    """Of `cap`: the most videos of a list that match."""
    draft: bool = False
    """Whether it is only previewed."""
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""
    """For those who read the rules."""

    def is_active(self, now: float) -> bool:
        """Whether it acts at a time, epoch seconds."""
        started = self.starts_at is None or epoch_seconds(self.starts_at) <= now
        return not self.draft and started and (self.ends_at is None or now < epoch_seconds(self.ends_at))


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named way to make lists, for `?scenario=`. The one called `default` is for requests that name none."""

    name: Name | UnsetType = UNSET
    """May be left out; else it must be the name in the path."""
    sources: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=32)] | None = None
    """Sources that propose candidates; null for all."""
    filter: FilterText = ""
    """Which videos its lists may have."""
    n: Annotated[int, msgspec.Meta(ge=1, le=500)] | None = None
    """Length of a list if the request does not say; null for 10."""
    creator_cap: Annotated[int, msgspec.Meta(ge=1, le=10)] | None = 3
    """The most of any ten neighbouring videos by one creator, as long as candidates last; null for no limit."""
    tag_cap: Annotated[int, msgspec.Meta(ge=1, le=10)] | None = None
    """The most of any ten neighbouring videos with one tag, as long as candidates last; null for no limit."""
    spread: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    """How much a video counts less if others before it have its creator or tags: 0 not at all, 1 most."""
    exploration: Annotated[float, msgspec.Meta(ge=0, le=0.2)] | None = None
    """Share of places for new uploads; null for `RECOMIND_EXPLORATION`."""
    ranker: Annotated[str, msgspec.Meta(max_length=128)] = ""
    """What orders the candidates, such as `popularity`; empty for the hybrid."""
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""
    """For those who read the scenarios."""


class RuleRecord(msgspec.Struct, frozen=True, array_like=True):
    """A record of the topic `rules`: what is said of a rule or scenario from then on."""

    kind: Literal["rule", "scenario"]
    name: str
    rule: Rule | None = None
    """The rule; None if it was deleted, or if the record is of a scenario."""
    scenario: Scenario | None = None
    changed_by: str = ""
    """Name of the API key; empty where requests need none, and in records of earlier versions."""
    changed_at: float | None = None
    """Epoch seconds, by the clock of the log; None in records of earlier versions."""


encode_rule_record = msgspec.msgpack.Encoder().encode
decode_rule_record = msgspec.msgpack.Decoder(RuleRecord).decode


_FIELDS_OF_ACTIONS: Final = {"factor": ("boost", "bury"), "place": ("pin",), "at_most": ("cap",)}
_DEFAULTS: Final = Rule(action="filter", where="")


def check_rule(rule_id: str, rule: Rule) -> Filter:
    """Check a rule, and return its filter.

    Raises:
        InvalidFieldError: a field breaks a rule that types cannot express.
    """
    if rule.rule_id not in {UNSET, rule_id}:
        raise InvalidFieldError("rule_id", "rule_id must be the id in the path, or be left out")
    conditions = parse_filter(rule.where, "where")
    if not conditions:
        raise InvalidFieldError("where", "where must have a condition")
    if rule.action == "pin" and (len(conditions) != 1 or conditions[0].field != "video" or conditions[0].is_excluded):
        raise InvalidFieldError("where", "where of a pin must be video ids, such as video:v1,v2")
    for field, actions in _FIELDS_OF_ACTIONS.items():
        if rule.action not in actions and getattr(rule, field) != getattr(_DEFAULTS, field):
            raise InvalidFieldError(field, f"a rule with the action {rule.action} has no {field}: leave it out")
    for field, moment in (("starts_at", rule.starts_at), ("ends_at", rule.ends_at)):
        if moment is not None and moment.tzinfo is None:
            raise InvalidFieldError(field, f"{field} must have a time zone")
    if rule.starts_at is not None and rule.ends_at is not None and rule.ends_at <= rule.starts_at:
        raise InvalidFieldError("ends_at", "ends_at must be later than starts_at")
    return conditions


def check_scenario(name: str, scenario: Scenario, known: RankingNames) -> Filter:
    """Check a scenario, and return its filter.

    Args:
        name: in the path.
        scenario: the scenario.
        known: the sources and rankers that there are.

    Raises:
        InvalidFieldError: a field breaks a rule that types cannot express.
    """
    if scenario.name not in {UNSET, name}:
        raise InvalidFieldError("name", "name must be the name in the path, or be left out")
    known.check(scenario.sources, scenario.ranker, of_sources="sources", of_ranker="ranker")
    return parse_filter(scenario.filter)
