"""`recomind whatif`: what is left out is named."""

import pytest
from click.testing import CliRunner

from recomind.cli import group, main
from recomind.experiments.confidence import Interval
from recomind.experiments.off_policy import Estimate
from recomind.model.experiments import Arm, Experiment, ExperimentRecord
from recomind.offline import whatif_log
from recomind.offline.whatif import WhatIf, nothing
from recomind.offline.whatif_log import target_of
from recomind.recommender.extensions.guard import Fault

SERVERS = {
    "RECOMIND_KAFKA_BROKERS": "nowhere:1",
    "RECOMIND_POSTGRES_DSN": "postgresql://nowhere/x",
    "RECOMIND_REDIS_URL": "redis://nowhere",
}


@pytest.fixture
def found(monkeypatch):
    """The result of a replay during which the ranker `own` was left out of three lists."""
    one = Interval(0.1, 0.05, 0.15)
    refused = Estimate(one, one, 1.0, 500.0, 90.0, "the ranker own was left out of 3% of the lists")

    async def whatif(settings, config, window_s, most, on_progress, extensions, scenario):
        for _ in range(3):
            for notify in extensions.listeners:
                notify(Fault("ranker", "own", "error", "RuntimeError: out of order"))
        return WhatIf(refused, refused, 500, 0, 0.1, 0.03)

    monkeypatch.setattr(whatif_log, "whatif", whatif)


def test_faults_of_extensions_are_printed_and_there_is_no_estimate(found):
    result = CliRunner().invoke(group, ["whatif", "--config", "own"], env=SERVERS)
    assert result.exit_code == 1, result.output
    assert "left out of 3 lists: the ranker own: RuntimeError: out of order" in result.stderr
    assert "no estimate: the ranker own was left out of 3% of the lists" in result.stdout


@pytest.mark.parametrize(
    ("config", "code", "reason"),
    [
        ("popularty", 2, "popularty is neither a ranker"),
        ('{"sources":["tgas"]}', 2, "there is no source tgas"),
        ("k:B", 2, "is about the scenario kid, not default"),
        ("popularity", 1, ""),
    ],
)
def test_a_wrong_question_ends_with_2_and_one_without_an_answer_with_1(monkeypatch, capsys, config, code, reason):
    async def recorded(_):
        return [ExperimentRecord("k", Experiment(arms=(Arm(name="A"), Arm(name="B")), scenario="kid"), 1.0)]

    async def whatif(settings, config, window_s, most, on_progress, extensions, scenario):
        await target_of(settings, config, extensions, scenario)
        return nothing(scenario, f"no list of the scenario {scenario} was handed out in this time")

    monkeypatch.setattr(whatif_log, "recorded_experiments", recorded)
    monkeypatch.setattr(whatif_log, "whatif", whatif)
    monkeypatch.setattr("sys.argv", ["recomind", "whatif", "--config", config, "--scenario", "default"])
    for name, value in SERVERS.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code
    printed = capsys.readouterr()
    assert reason in printed.err
    assert ("no list of the scenario default" in printed.out) == (code == 1)
