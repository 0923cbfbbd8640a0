"""The policy of a user with arms: that of rules and metadata, changed by the arms in the order of their experiments."""

from collections.abc import Sequence
from zlib import crc32

from msgspec import UNSET

from recomind.experiments.book import Assigned, key_of, named
from recomind.model.experiments import Arm
from recomind.model.users import UserMetadata
from recomind.recommender.diversify import Caps
from recomind.recommender.policy.policy import ListRequest, Policy
from recomind.recommender.policy.rule_book import RuleBook
from recomind.stores.arm_weights import name_of


def policy_with_arms(
    rules: RuleBook, metadata: UserMetadata, now: float, asked: ListRequest, assigned: tuple[Assigned, ...]
) -> Policy:
    """The policy of a request of a user with arms.

    Args:
        rules: all rules and scenarios.
        metadata: the user's.
        now: event time, epoch seconds.
        asked: the request.
        assigned: the user's experiments, of which at most one interleaves lists.
    """
    first, *others = _configurations(assigned)
    rivals = [_configured(rules, metadata, now, asked, arms) for arms in others]
    policy = _configured(rules, metadata, now, asked, first)
    key = f"{policy.key}~{key_of(assigned)}" if asked.is_stored else ""
    return policy._replace(
        key=key,
        arms=named(assigned),
        weights=name_of(assigned),
        rival=rivals[0] if rivals else None,
        draft_seed=crc32(asked.user_id.encode()),
    )


def _configurations(assigned: Sequence[Assigned]) -> list[tuple[Arm, ...]]:
    """The arms of a list, one of each experiment; of an interleaved list those of both lists."""
    found: list[tuple[Arm, ...]] = [()]
    for one in assigned:
        found = [(*arms, arm) for arms in found for arm in one.configuration]
    return found


def _configured(
    rules: RuleBook, metadata: UserMetadata, now: float, asked: ListRequest, arms: tuple[Arm, ...]
) -> Policy:
    """The policy of a request under some arms; later ones come first where they differ."""
    without = frozenset(rule_id for arm in arms for rule_id in arm.without_rules)
    policy = rules.policy(asked.user_id, metadata, now, asked.scenario, asked.conditions, without)
    if policy is None:
        policy = Policy(scenario=asked.scenario, key=rules.key(metadata, now) if asked.is_stored else "")
    for arm in arms:
        policy = changed_by(policy, arm)
    return policy


def changed_by(policy: Policy, arm: Arm) -> Policy:
    """A policy with what an arm says; rules that do not act are left to the rule book."""
    caps = policy.caps
    if arm.creator_cap is not UNSET or arm.tag_cap is not UNSET:
        known = caps or Caps()
        by_creator = known.creator if arm.creator_cap is UNSET else arm.creator_cap
        caps = Caps(by_creator, known.tag if arm.tag_cap is UNSET else arm.tag_cap)
    return policy._replace(
        ranker=arm.ranker or policy.ranker,
        sources=policy.sources if arm.sources is None else frozenset(arm.sources),
        caps=caps,
        spread=policy.spread if arm.spread is None else arm.spread,
        exploration=policy.exploration if arm.exploration is None else arm.exploration,
    )
