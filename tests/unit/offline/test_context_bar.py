"""What place and hour win of the gap between both oracles: the definition, and its verdicts."""

import sys
from math import isnan, nan

import pytest

from recomind.offline import context_bar
from recomind.offline.closed_loop import BLIND_ORACLE, WITHOUT_CONTEXT, ClosedLoopResult
from recomind.offline.context_bar import Mean, Shares, loss_bar, measure, own_world, referee_world, shares_of, won_bar

REFEREE = """
import argparse, json
parser = argparse.ArgumentParser()
for name in ("users", "context", "seed", "policies", "json"):
    parser.add_argument("--" + name)
parser.add_argument("--plugin", action="append")
asked = parser.parse_args()
names = [*filter(None, asked.policies.split(",")), *(one.rsplit(":")[1] for one in asked.plugin)]
shares = {"blind": 0.3, "oracle": 0.4, "RecoMind": 0.2, "RecoMindWithContext": 0.25 + float(asked.context) / 100}
json.dump([{"policy": name, "last_half": shares[name]} for name in names], open(asked.json, "w"))
"""


def test_what_is_won_is_the_gain_as_a_share_of_the_gap_between_the_oracles():
    one = Shares(told=0.327, untold=0.291, blind=0.332, oracle=0.403)
    assert one.gain == pytest.approx(0.036)
    assert one.won == pytest.approx(0.036 / 0.071)
    assert isnan(Shares(0.3, 0.2, 0.4, 0.4).won)
    assert not won_bar([Shares(0.3, 0.2, 0.4, 0.4)]).holds


def test_shares_are_those_of_the_last_half_of_the_policies():
    shares = {"recomind": 0.3, WITHOUT_CONTEXT: 0.2, BLIND_ORACLE: 0.35, "oracle": 0.5, "random": 0.1}
    results = {name: ClosedLoopResult(0.9, share, (), 0, 0, 0.0) for name, share in shares.items()}
    assert shares_of(results) == Shares(0.3, 0.2, 0.35, 0.5)


def test_the_mean_over_worlds_has_to_reach_half():
    worlds = [Shares(0.3, 0.3 - gain, 0.4, 0.5) for gain in (0.04, 0.05, 0.06)]
    bar = won_bar(worlds)
    assert bar.holds == (bar.measured >= 0.5)
    assert bar.measured == pytest.approx(0.5)
    assert bar.note == "standard error 0.058"
    assert won_bar(worlds[1:]).holds
    assert not won_bar(worlds[:2]).holds
    assert isnan(Mean.of([1.0]).standard_error)


@pytest.mark.parametrize(("gains", "holds"), [((-0.01, 0.01), True), ((-0.01, -0.011, -0.012), False)])
def test_a_loss_beyond_noise_does_not_hold(gains, holds):
    assert loss_bar([Shares(0.3 + gain, 0.3) for gain in gains]).holds is holds


def test_a_loss_in_a_single_world_is_not_known():
    assert not loss_bar([Shares(0.3, 0.3)]).holds


def test_a_referee_is_asked_for_the_same_shares(tmp_path):
    referee, plugin = tmp_path / "referee.py", tmp_path / "plugin.py"
    referee.write_text(REFEREE)
    assert referee_world(referee, plugin, 0.8, 10, 1) == Shares(0.258, 0.2, 0.3, 0.4)
    told, untold, blind, oracle = referee_world(referee, plugin, 0.0, 10, 1)
    assert (told, untold) == (0.25, 0.2)
    assert isnan(blind)
    assert isnan(oracle)


def test_the_engine_is_told_country_and_hour_in_both_worlds():
    for context in (0.8, 0.0):
        one = own_world(context, 3, 1)
        assert one.told > 0
        assert one.untold > 0
        assert isnan(one.blind) == (not context)


def test_each_world_is_printed_and_both_bars_are_measured(monkeypatch, capsys):
    def world(context, users, seed):
        return Shares(0.26, 0.2, 0.3, 0.4) if context else Shares(0.2 + seed / 1000, 0.2, nan, nan)

    assert [one.holds for one in measure(world, 10, 3)] == [True, True]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "context 0.8, seed 1: 0.2600 with, 0.2000 without; blind 0.3000, oracle 0.4000: 60% won"
    assert lines[3] == "context 0.0, seed 1: 0.2010 with, 0.2000 without"
    monkeypatch.setattr(context_bar, "own_world", lambda *_: Shares(0.2, 0.2, 0.3, 0.4))
    monkeypatch.setattr(sys, "argv", ["context_bar", "--seeds", "2"])
    with pytest.raises(SystemExit) as ended:
        context_bar.main()
    assert ended.value.code == 1
    assert "FAILS  share of the gap that place and hour win: 0.0000 (bar 0.5)" in capsys.readouterr().out
