"""Which policy a list has now: by rules, scenario, filter, the user's metadata, and the user's arms."""

from abc import ABC, abstractmethod
from math import inf

from recomind.experiments.book import Assigned, ExperimentBook, key_of
from recomind.recommender.control import in_control_group
from recomind.recommender.policy.policy import ListRequest, Policy
from recomind.recommender.policy.rule_book import RuleBook
from recomind.state.served_lists import Place
from recomind.stores.arm_policies import policy_with_arms
from recomind.stores.user_follower import UserFollower


class ListPolicies(ABC):
    """The policies of requests."""

    def __init__(self, rules: RuleBook, users: UserFollower) -> None:
        self.rules = rules
        """Rules and scenarios."""
        self.users = users
        """The metadata of users."""
        self.experiments = ExperimentBook()
        """Experiments, and which users are in them."""
        self.has_context = True
        """Whether place and hour of requests and actions count: with `RECOMIND_CONTEXT=none` they do not."""
        self.control_share = 0.0
        """Share of the users who get random lists, see `recommender.control`."""

    @property
    @abstractmethod
    def now(self) -> float:
        """The latest event time seen, epoch seconds."""

    def policy(self, asked: ListRequest) -> Policy | None:
        """What rules, scenario, filter, arms and the user's metadata ask of a list now; None for nothing."""
        arms = self.arms(asked)
        if not arms:
            return self._policy_without_arms(asked)
        return policy_with_arms(self.rules, self.users.metadata_of(asked.user_id), self.now, asked, arms)

    def restrictions(self, asked: ListRequest) -> Policy | None:
        """A policy that lets a list hold what that of the request does: of arms only rules that do not act matter."""
        if any(arm.without_rules for one in self.arms(asked) for arm in one.configuration):
            return self.policy(asked)
        return self._policy_without_arms(asked)

    def policy_key(self, user_id: str) -> str:
        """The key of the policy with which a user's list has to be stored now."""
        key, arms = self.rules.key(self.users.metadata_of(user_id), self.now), self.arms(ListRequest(user_id))
        return f"{key}~{key_of(arms)}" if arms else key

    def arms(self, asked: ListRequest) -> tuple[Assigned, ...]:
        """The arms that the user of a request has now; users of the control group have none."""
        arms = self.experiments.arms_of(asked.user_id, asked.scenario)
        return () if arms and self.is_control(asked.user_id) else arms

    def arms_taught(self, user_id: str, place: Place | None) -> tuple[Assigned, ...]:
        """The arms that may learn from an action of a user: those of the list that it is the outcome of.

        An arm of that list which has ended, was stopped or was changed since does not count.

        Args:
            user_id: the user.
            place: of the list; None if the action is the outcome of none. Then the arms in the default scenario count.
        """
        if place is None:
            return self.arms(ListRequest(user_id))
        event, made = place.event, self.experiments.records
        return tuple(
            one
            for one in self.arms(ListRequest(user_id, event.scenario))
            if event.arms.get(one.experiment) == one.arm
            and (event.handed_out_at or inf) >= made[one.experiment].created_at  # earlier versions did not say when
        )

    def uses_context(self, asked: ListRequest) -> bool:
        """Whether place and hour count in a list: the settings, or an arm, may say that they do not."""
        return self.has_context and all(arm.context for one in self.arms(asked) for arm in one.configuration)

    def is_control(self, user_id: str) -> bool:
        """Whether a user belongs to the control group."""
        return in_control_group(user_id, self.control_share)

    def _policy_without_arms(self, asked: ListRequest) -> Policy | None:
        metadata = self.users.metadata_of(asked.user_id)
        return self.rules.policy(asked.user_id, metadata, self.now, asked.scenario, asked.conditions)
