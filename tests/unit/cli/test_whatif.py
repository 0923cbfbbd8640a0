"""`recomind whatif`: what is left out is named."""

import pytest
from click.testing import CliRunner

from recomind.cli import group
from recomind.experiments.confidence import Interval
from recomind.experiments.off_policy import Estimate
from recomind.offline import whatif_log
from recomind.offline.whatif import WhatIf
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

    async def whatif(settings, config, window_s, most, on_progress, extensions):
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
