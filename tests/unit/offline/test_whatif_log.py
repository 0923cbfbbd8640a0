"""The configuration that `recomind whatif` is asked for: a wrong name is refused, and none stands for the hybrid."""

import pytest

from recomind.errors import InputError
from recomind.model.experiments import Arm, Experiment, ExperimentRecord
from recomind.offline import whatif_log
from recomind.offline.whatif_log import arm_of
from recomind.settings import Settings

ARMS = (
    Arm(name="A"),
    Arm(name="B", ranker="hybrid", sources=("trending",)),
    Arm(name="gone", ranker="uninstalled"),
    Arm(name="old", sources=("trending", "gossip")),
)


@pytest.fixture(autouse=True)
def _experiments(monkeypatch):
    async def recorded(_):
        return [ExperimentRecord("e", Experiment(arms=ARMS), 1.0)]

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
    assert await arm_of(Settings(), config) == arm


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
        await arm_of(Settings(), config)
