"""An arm that would have no effect is refused, with what to do about it."""

import msgspec
import pytest

from recomind.experiments.arm_effects import check_effects, check_scenario_ranker, ignored_sources
from recomind.model.experiments import Arm, Experiment, ExperimentRecord
from recomind.model.rules import Rule, Scenario
from recomind.model.text import InvalidFieldError
from recomind.recommender.extensions.registry import BUILT_IN

OWN = BUILT_IN.has_own_sources
RULES = {
    "R1": Rule(action="filter", where="tag:cat"),
    "R2": Rule(action="filter", where="tag:cat", scenarios=("kids",)),
}
SCENARIOS = {"popular": Scenario(ranker="popularity"), "tags": Scenario(ranker="tags"), "kids": Scenario()}


def experiment(scenario="default", **fields):
    return Experiment(arms=(Arm(name="A"), Arm(name="B", **fields)), scenario=scenario)


def check(scenario="default", *, has_context=True, **fields):
    check_effects(experiment(scenario, **fields), RULES, SCENARIOS, OWN, has_context=has_context)


@pytest.mark.parametrize(
    ("scenario", "fields", "text"),
    [
        ("popular", {"sources": ("tags",)}, "arm B: the scenario popular has the ranker popularity, which has sources"),
        ("default", {"without_rules": ("nope",)}, "arm B: there is no rule nope: put it first"),
        ("default", {"without_rules": ("R1", "R2")}, "arm B: the rule R2 does not act in the scenario default"),
        ("default", {"context": False, "has_context": False}, "arm B: with RECOMIND_CONTEXT=none"),
    ],
)
def test_what_has_no_effect_is_refused(scenario, fields, text):
    with pytest.raises(InvalidFieldError, match=text) as error:
        check(scenario, **fields)
    assert error.value.field == "arms"


@pytest.mark.parametrize(
    ("scenario", "fields"),
    [
        ("default", {"sources": ("tags",)}),
        ("popular", {"sources": ("tags",), "ranker": "hybrid"}),
        ("popular", {"ranker": "random"}),
        ("kids", {"without_rules": ("R1", "R2"), "context": False}),
    ],
)
def test_what_has_an_effect_is_accepted(scenario, fields):
    check(scenario, **fields)


def test_a_scenario_gets_no_ranker_that_ignores_the_sources_of_an_arm():
    record = ExperimentRecord("e", experiment("kids", sources=("tags",)), 1.0)
    others = [ExperimentRecord("gone"), ExperimentRecord("f", experiment("other", sources=("tags",)), 1.0)]
    check_scenario_ranker("kids", Scenario(), [record, *others], OWN)
    check_scenario_ranker("kids", Scenario(ranker="popularity"), others, OWN)
    check_scenario_ranker(
        "kids", Scenario(ranker="popularity"), [msgspec.structs.replace(record, stopped={"B": "x"})], OWN
    )
    with pytest.raises(InvalidFieldError, match="arm B of the experiment e names others: end or change") as error:
        check_scenario_ranker("kids", Scenario(ranker="popularity"), [*others, record], OWN)
    assert error.value.field == "ranker"


def test_arms_whose_sources_are_ignored_are_named_with_the_reason():
    found = ignored_sources(experiment("popular", sources=("tags",)), SCENARIOS["popular"], OWN)
    assert list(found) == ["B"]
    assert "popularity" in found["B"]
    assert ignored_sources(experiment("gone", sources=("tags",)), None, OWN) == {}
