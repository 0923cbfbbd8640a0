"""The report of an evaluation."""

import pytest

from recomind.dev.simulator import Audience
from recomind.errors import InputError
from recomind.offline.evaluation import Evaluation
from recomind.offline.report import make_report, parse_periods
from tests.unit.offline.logs import simulated_log


def test_an_evaluation_beats_random_lists_and_reports_all_metrics():
    evaluation = Evaluation(list(simulated_log()), Audience(30, 120, 5).videos)
    evaluation.run()
    report = make_report(evaluation)
    assert report.overall.hr_at_10 > 2 * 10 / 120
    assert {"hr_at_10", "ndcg_at_10", "ms_per_recommendation"} <= report.to_builtins().keys()
    assert report.rows()


def test_refresh_periods_are_parsed():
    assert parse_periods("30s, 1h") == {"made live": 0.0, "made every 30s": 30.0, "made every 1h": 3600.0}
    with pytest.raises(InputError, match="10x"):
        parse_periods("10x")
