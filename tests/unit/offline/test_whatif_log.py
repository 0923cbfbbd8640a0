"""The configuration that `recomind whatif` is asked for: a wrong name is refused, and none stands for the hybrid."""

from math import inf

import pytest

from recomind.errors import InputError
from recomind.experiments.book import Assigned
from recomind.model.experiments import Arm, Experiment, ExperimentRecord
from recomind.model.rules import Rule, RuleRecord
from recomind.offline import whatif_log
from recomind.offline.recorded_changes import Changes
from recomind.offline.whatif_log import target_of
from recomind.offline.whatif_policies import Changed
from recomind.settings import Settings

ARMS = (
    Arm(name="A"),
    Arm(name="B", ranker="hybrid", sources=("trending",)),
    Arm(name="gone", ranker="uninstalled"),
    Arm(name="old", sources=("trending", "gossip")),
    Arm(name="own", own_weights=True),
)


@pytest.fixture(autouse=True)
def _experiments(monkeypatch):
    async def recorded(_):
        return [
            ExperimentRecord("e", Experiment(arms=ARMS), 1.0),
            ExperimentRecord("k", Experiment(arms=ARMS, scenario="kid"), 1.0),
        ]

    monkeypatch.setattr(whatif_log, "recorded_experiments", recorded)


@pytest.mark.parametrize(
    ("config", "arm"),
    [
        ("popularity", Arm(name="config", ranker="popularity")),
        ("hybrid", Arm(name="config", ranker="hybrid")),
        ("source:tags", Arm(name="config", ranker="source:tags")),
        ('{"ranker":"hybrid","sources":["tags"]}', Arm(name="config", ranker="hybrid", sources=("tags",))),
        ("e:B", ARMS[1]),
    ],
)
async def test_a_configuration_is_a_ranker_or_an_arm(config, arm):
    assert (await target_of(Settings(), config)).assigned.configuration == (arm,)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ("popularty", "popularty is neither a ranker"),
        ("e:C", "e:C is neither a ranker"),
        ('{"ranker":"popularty"}', "there is no ranker popularty, but hybrid"),
        ('{"sources":["tgas"]}', "there is no source tgas, but "),
        ('{"ranker":"tags","sources":["trending"]}', "has sources of its own"),
        ('{"sorces":["tags"]}', "unknown field `sorces`"),
        ('{"sources"', "is no arm in JSON"),
        ("e:gone", "there is no ranker uninstalled, but "),
        ("e:old", "there is no source gossip, but "),
    ],
)
async def test_a_wrong_name_is_refused(config, reason):
    with pytest.raises(InputError, match=reason):
        await target_of(Settings(), config)


@pytest.mark.parametrize(
    ("config", "asked", "scenario"),
    [
        ("e:B", None, "default"),
        ("e:B", "default", "default"),
        ("k:B", None, "kid"),
        ("k:B", "kid", "kid"),
        ("popularity", None, "default"),
        ("popularity", "kid", "kid"),
        ('{"sources":["tags"]}', "kid", "kid"),
    ],
)
async def test_lists_are_of_the_scenario_of_the_experiment_or_of_the_one_asked_for(config, asked, scenario):
    assert (await target_of(Settings(), config, scenario=asked)).scenario == scenario


@pytest.mark.parametrize(("config", "asked"), [("k:B", "default"), ("e:B", "kid")])
async def test_an_experiment_says_nothing_of_another_scenario(config, asked):
    with pytest.raises(InputError, match=f"not {asked}: leave --scenario out"):
        await target_of(Settings(), config, scenario=asked)


async def test_own_weights_need_the_users_of_an_arm():
    with pytest.raises(InputError, match="name the arm of an experiment, EXPERIMENT:ARM"):
        await target_of(Settings(), '{"own_weights":true}')
    target = await target_of(Settings(), "e:own")
    assert (target.assigned.experiment, target.assigned.arm, target.created_at) == ("e", "own", 1.0)


RULE = RuleRecord("rule", "R1", Rule(action="filter", where="tag:cat"), None, "ops", 5.0)
SINCE = 10.0


@pytest.mark.parametrize(
    ("arm", "rules_since", "experiments_since", "reason"),
    [
        (ARMS[0], -inf, -inf, None),
        (ARMS[0], SINCE, SINCE, None),
        (ARMS[0], SINCE + 1, -inf, "shorten --since"),
        (ARMS[-1], -inf, 1.0, None),
        (ARMS[-1], -inf, 2.0, "who was in the arm is not known any more"),
        (Arm(name="C", without_rules=("R1",)), -inf, -inf, None),
        (Arm(name="C", without_rules=("R1", "R2")), -inf, -inf, "there is no rule R2"),
    ],
)
async def test_what_the_log_does_not_say_any_more_is_refused(monkeypatch, arm, rules_since, experiments_since, reason):
    found = Changes([Changed(5.0, RULE)], rules_since), Changes([], experiments_since)

    async def recorded(_):
        return found

    monkeypatch.setattr(whatif_log, "recorded_changes", recorded)
    wanted = whatif_log._changes(Settings(), Assigned("e", arm.name, (arm,), ""), SINCE, 1.0)
    if reason is None:
        assert await wanted == found[0].all
    else:
        with pytest.raises(InputError, match=reason):
            await wanted
