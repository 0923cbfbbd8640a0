"""Whether what an arm says takes effect in its scenario: an arm without effect would make an unseen A/A test."""

from collections.abc import Callable, Iterable, Mapping

from recomind.model.experiments import Arm, Experiment, ExperimentRecord
from recomind.model.rules import Rule, Scenario
from recomind.model.text import InvalidFieldError

HasOwnSources = Callable[[str], bool]
"""Whether the ranker of a name has sources of its own."""


def check_effects(
    experiment: Experiment,
    rules: Mapping[str, Rule],
    scenarios: Mapping[str, Scenario],
    has_own_sources: HasOwnSources,
    *,
    has_context: bool,
) -> None:
    """Check that the fields of arms take effect.

    Args:
        experiment: the experiment.
        rules: id to rule, also of drafts.
        scenarios: by name.
        has_own_sources: of a ranker.
        has_context: whether place and hour count, by the settings.

    Raises:
        InvalidFieldError: the sources, a rule or the context of an arm has no effect.
    """
    for reason in ignored_sources(experiment, scenarios.get(experiment.scenario), has_own_sources).values():
        raise InvalidFieldError("arms", reason)
    for arm in experiment.arms:
        for rule_id in arm.without_rules:
            rule = rules.get(rule_id)
            if rule is None:
                raise InvalidFieldError("arms", f"arm {arm.name}: there is no rule {rule_id}: put it first")
            if rule.scenarios and experiment.scenario not in rule.scenarios:
                reason = f"arm {arm.name}: the rule {rule_id} does not act in the scenario {experiment.scenario}"
                raise InvalidFieldError("arms", reason)
        if not (arm.context or has_context):
            reason = f"arm {arm.name}: with RECOMIND_CONTEXT=none place and hour never count: leave context out"
            raise InvalidFieldError("arms", reason)


def ignored_sources(
    experiment: Experiment, scenario: Scenario | None, has_own_sources: HasOwnSources
) -> dict[str, str]:
    """Arm to the reason why its `sources` do not propose: the ranker of the scenario has sources of its own.

    Args:
        experiment: the experiment.
        scenario: of its lists; None if it is not defined.
        has_own_sources: of a ranker.
    """
    ranker = "" if scenario is None else scenario.ranker
    if not has_own_sources(ranker):
        return {}
    reason = f"the scenario {experiment.scenario} has the ranker {ranker}, which has sources of its own"
    return {
        arm.name: f"arm {arm.name}: {reason}: name another ranker in the arm, such as hybrid, or leave sources out"
        for arm in experiment.arms
        if _takes_ranker_of_scenario(arm)
    }


def check_scenario_ranker(
    name: str, scenario: Scenario, records: Iterable[ExperimentRecord], has_own_sources: HasOwnSources
) -> None:
    """Check that the ranker of a scenario leaves arms their sources.

    Args:
        name: of the scenario.
        scenario: as it is to be.
        records: of experiments that are not over.
        has_own_sources: of a ranker.

    Raises:
        InvalidFieldError: an arm of an experiment names sources, which the ranker would ignore.
    """
    if not has_own_sources(scenario.ranker):
        return
    for record in records:
        arms = record.experiment.arms if record.experiment and record.experiment.scenario == name else ()
        for arm in arms:
            if _takes_ranker_of_scenario(arm) and arm.name not in record.stopped:
                reason = f"the ranker {scenario.ranker} has sources of its own, and arm {arm.name} of the experiment "
                reason += f"{record.name} names others: end or change the experiment first"
                raise InvalidFieldError("ranker", reason)


def _takes_ranker_of_scenario(arm: Arm) -> bool:
    """Whether an arm names sources, and no ranker that they propose for."""
    return arm.sources is not None and not arm.ranker
