"""All rules and scenarios, and the policies that follow from those that act now.

What acts follows from the records of the topic `rules` and the time. A change of it changes the key of policies, so
stored lists that were ranked by others are recognised.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import blake2b
from math import inf
from zlib import crc32

import msgspec

from recomind.model.filters import Filter, parse_filter
from recomind.model.rules import DEFAULT_SCENARIO, Rule, RuleRecord, Scenario
from recomind.model.users import NO_METADATA, UserMetadata
from recomind.recommender.diversify import Caps
from recomind.recommender.follows import follows_of
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.policy.compiled_rules import ActiveRule, CompiledRules
from recomind.recommender.policy.eligibility import Eligibility, age_of, is_restricted, restrictions
from recomind.recommender.policy.masks import Masks
from recomind.recommender.policy.policy import Policy

_encode = msgspec.msgpack.Encoder().encode


class RuleBook:
    """Rules and scenarios of a worker, over its index."""

    def __init__(self, index: VideoIndex) -> None:
        self.rules: dict[str, Rule] = {}
        """Rule ids to rules, also of drafts and of those that do not act now."""
        self.scenarios: dict[str, Scenario] = {}
        self.listeners: list[Callable[[], None]] = []
        """Called when what acts has changed."""
        self._index = index
        self._masks = Masks(index)
        self._conditions: dict[str, Filter] = {}
        """Rule ids to the filters of rules."""
        self._now = -inf
        self._active: dict[str, Rule] = {}
        self._compiled: dict[tuple[str, frozenset[str]], CompiledRules | None] = {}
        """Scenarios, and what is left out, to rules, as far as they have been asked for; None for no rule."""
        self._keys: dict[str, str] = {}
        """Scenarios to the names of what acts in them."""
        self._policies: dict[str, Policy | None] = {}
        """Scenario to the policy of requests that nothing else restricts."""

    def apply(self, record: RuleRecord) -> None:
        """Apply a record; the last one of a rule or scenario counts.

        Raises:
            InvalidFieldError: this version cannot read its filter; then there is no such rule or scenario.
        """
        if record.kind == "rule":
            self.rules.pop(record.name, None)
            self._conditions.pop(record.name, None)
        else:
            self.scenarios.pop(record.name, None)
        try:
            if record.rule is not None:
                self._conditions[record.name] = parse_filter(record.rule.where)
                self.rules[record.name] = record.rule
            elif record.scenario is not None:
                parse_filter(record.scenario.filter)
                self.scenarios[record.name] = record.scenario
        finally:
            self._refresh(is_changed=record.kind == "scenario")

    def advance(self, now: float) -> None:
        """Let time pass: rules start and end. `now` is Kafka's time, epoch seconds."""
        self._now = max(now, self._now)
        self._refresh(is_changed=False)

    def is_active(self, rule_id: str) -> bool:
        """Whether a rule acts now."""
        return rule_id in self._active

    @property
    def has_any(self) -> bool:
        """Whether any rule acts, or there is a scenario."""
        return bool(self._active or self.scenarios)

    def key(self, metadata: UserMetadata, now: float) -> str:
        """The key of the policy of users with some metadata in the default scenario: their lists are stored with it."""
        key = self._key_of_scenario(DEFAULT_SCENARIO) if self.has_any else ""
        return (
            key if metadata is NO_METADATA else f"{key}/{crc32(_encode(metadata)):x}.{age_of(metadata, year_of(now))}"
        )

    def policy(
        self,
        user_id: str,
        metadata: UserMetadata,
        now: float,
        scenario: str = DEFAULT_SCENARIO,
        conditions: Filter = (),
        without: frozenset[str] = frozenset(),
    ) -> Policy | None:
        """The policy of a request; None if nothing restricts or arranges its list.

        Args:
            user_id: for whom; empty for nobody.
            metadata: the user's.
            now: event time, epoch seconds.
            scenario: of the request.
            conditions: the filter of the request.
            without: ids of rules that do not act.
        """
        is_personal = conditions or is_restricted(self._index, user_id, metadata)
        if not (self.has_any or is_personal):
            return None  # most requests
        if is_personal or without:
            return self._policy(user_id, metadata, now, scenario, conditions, self._rules_of(scenario, without))
        rules = self._rules_of(scenario, without)
        if scenario not in self._policies:
            self._policies[scenario] = self._policy(user_id, metadata, now, scenario, conditions, rules)
        return self._policies[scenario]

    def preview(
        self, user_id: str, metadata: UserMetadata, now: float, scenario: str, rule_id: str, *, acts: bool
    ) -> Policy | None:
        """As `policy`, as if one rule acted, or did not."""
        known = [one for one in self._active_in(scenario) if one.rule_id != rule_id]
        if acts:
            known.append(ActiveRule(rule_id, self.rules[rule_id], self._conditions[rule_id]))
        rules = CompiledRules(self._index, self._masks, known).update() if known else None
        return self._policy(user_id, metadata, now, scenario, (), rules)

    def _policy(
        self,
        user_id: str,
        metadata: UserMetadata,
        now: float,
        scenario: str,
        conditions: Filter,
        rules: CompiledRules | None,
    ) -> Policy | None:
        shared, personal = restrictions(self._index, user_id, metadata, year_of(now))
        settings = self.scenarios.get(scenario)
        if conditions:
            shared.append(("filtered by the request", conditions))
        if settings is not None and settings.filter:
            shared.append((f"filtered by scenario {scenario}", parse_filter(settings.filter)))
        has_filters = rules is not None and rules.has_filters
        follows = follows_of(metadata)
        if rules is None and settings is None and follows is None and not (shared or personal):
            return None
        eligibility = Eligibility(self._masks, tuple(shared), tuple(personal), rules if has_filters else None)
        return Policy(
            eligibility if has_filters or shared or personal else None,
            rules,
            scenario,
            None if settings is None or settings.sources is None else frozenset(settings.sources),
            None if settings is None else Caps(settings.creator_cap, settings.tag_cap),
            0.0 if settings is None else settings.spread,
            None if settings is None else settings.exploration,
            ranker="" if settings is None else settings.ranker,
            key=self.key(metadata, now) if scenario == DEFAULT_SCENARIO else "",
            follows=follows,
        )

    def _refresh(self, *, is_changed: bool) -> None:
        active = {rule_id: rule for rule_id, rule in self.rules.items() if rule.is_active(self._now)}
        if active != self._active or is_changed:
            self._active = active
            self._compiled.clear()
            self._keys.clear()
            self._policies.clear()
            for notify in self.listeners:
                notify()

    def _rules_of(self, scenario: str, without: frozenset[str] = frozenset()) -> CompiledRules | None:
        if not self._active:
            return None
        if (scenario, without) not in self._compiled:
            rules = [one for one in self._active_in(scenario) if one.rule_id not in without]
            self._compiled[scenario, without] = CompiledRules(self._index, self._masks, rules) if rules else None
        rules_of_scenario = self._compiled[scenario, without]
        return None if rules_of_scenario is None else rules_of_scenario.update()

    def _active_in(self, scenario: str) -> list[ActiveRule]:
        return [
            ActiveRule(rule_id, rule, self._conditions[rule_id])
            for rule_id, rule in self._active.items()
            if not rule.scenarios or scenario in rule.scenarios
        ]

    def _key_of_scenario(self, scenario: str) -> str:
        if scenario not in self._keys:
            rules = sorted((one.rule_id, one.rule) for one in self._active_in(scenario))
            settings = self.scenarios.get(scenario)
            named = _encode((rules, settings))
            is_empty = not rules and settings is None
            self._keys[scenario] = "" if is_empty else blake2b(named, digest_size=8).hexdigest()
        return self._keys[scenario]


def year_of(now: float) -> int:
    """The year of a time, epoch seconds, UTC."""
    return datetime.fromtimestamp(now, UTC).year
