"""The policies of lists in a replay: rules, scenarios, experiments and users' metadata, as at the time of each list.

Rules, scenarios and experiments change in the order of the log. Users' metadata is as it is now, as the catalogue is.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from typing import NamedTuple

from recomind.experiments.book import Assigned
from recomind.model.experiments import ExperimentRecord
from recomind.model.local_context import NO_LOCAL_CONTEXT
from recomind.model.rules import RuleRecord
from recomind.model.served_lists import ServedListEvent
from recomind.model.text import InvalidFieldError
from recomind.offline.engine import Engine
from recomind.recommender.blend.model import Weights
from recomind.recommender.policy.local_lists import local_to_rank
from recomind.recommender.policy.policy import ListRequest, Policy
from recomind.recommender.policy.rule_book import RuleBook
from recomind.state.served_lists import Place
from recomind.stores.arm_policies import policy_with_arms
from recomind.stores.arm_weights import ArmWeights, name_of
from recomind.stores.list_policies import ListPolicies
from recomind.stores.user_follower import UserFollower


class Changed(NamedTuple):
    """A change of a rule, scenario or experiment."""

    logged_at: float
    record: RuleRecord | ExperimentRecord


class Ranking(NamedTuple):
    """How the other configuration ranks a list."""

    policy: Policy
    local: str
    """The local context."""
    weights: Weights


class ReplayedPolicies(ListPolicies):
    """The policies of an engine that replays a log."""

    def __init__(self, engine: Engine, users: UserFollower, target: Assigned, *, has_context: bool) -> None:
        """Begin without rules and experiments.

        Args:
            engine: replays the log.
            users: their metadata.
            target: the other configuration, as the arm of an experiment.
            has_context: whether place and hour count, by the settings.
        """
        super().__init__(RuleBook(engine.index), users)
        self.has_context = has_context
        self._engine = engine
        self._target = target
        self._arm_weights = ArmWeights()
        self._control: set[str] = set()
        """Users whose lists are random, since they belong to the control group."""

    @property
    def now(self) -> float:
        """The latest event time seen, epoch seconds."""
        return self._engine.now

    @property
    def lacks_own_weights(self) -> bool:
        """Whether the other configuration has weights of its own, and no user has taught them."""
        name = name_of((self._target,))
        return bool(name) and name not in self._arm_weights.learned

    def is_control(self, user_id: str) -> bool:
        """Whether a user belongs to the control group, as far as their lists have said so."""
        return user_id in self._control

    def note(self, event: ServedListEvent) -> None:
        """Note what a list says of its user."""
        (self._control.add if event.is_control else self._control.discard)(event.user_id)

    def change(self, changed: Changed) -> None:
        """Apply a change."""
        if isinstance(changed.record, ExperimentRecord):
            self.experiments.apply(changed.record)
            return
        with suppress(InvalidFieldError):  # a filter that this version does not know: workers have said so
            self.rules.apply(changed.record)

    @contextmanager
    def learning_from(self, user_id: str, logged_at: float) -> Iterator[None]:
        """Have the engine learn for the arm that has shown a video, if it has weights of its own, as workers do."""
        self.experiments.advance(logged_at)
        before, self._engine.learning_from = self._engine.learning_from, partial(self._teaching, user_id)
        try:
            yield
        finally:
            self._engine.learning_from = before

    def _teaching(self, user_id: str, place: Place | None) -> AbstractContextManager[None]:
        name = name_of(self.arms_taught(user_id, place))
        return self._arm_weights.in_place_of(self._engine, name) if name else nullcontext()

    def ranking(self, event: ServedListEvent, logged_at: float) -> Ranking:
        """How the other configuration ranks a list for the same user at the same moment."""
        self.rules.advance(logged_at)
        user_id, engine = event.user_id, self._engine
        asked = ListRequest(user_id, event.scenario, (), event.local, event.likely_country)
        metadata = self.users.metadata_of(user_id)
        policy = policy_with_arms(self.rules, metadata, event.at, asked, (self._target,))
        [arm], local = self._target.configuration, NO_LOCAL_CONTEXT
        if arm.context and self.has_context:
            local = local_to_rank(asked, engine.profile(user_id), metadata.country, event.at, engine.index)
        return Ranking(policy, local, self._arm_weights.of(policy.weights, engine.weights))
