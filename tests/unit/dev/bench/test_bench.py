"""The actions that the benchmark sends."""

from recomind.dev.bench.bench import at_steady_rate, simulated_actions
from recomind.dev.simulator import Audience


def test_actions_at_a_steady_rate_have_equal_distances():
    actions = list(simulated_actions(Audience(5, 5, 1), 4, start=100.0))
    assert [one.timestamp for one in at_steady_rate(actions, 2.0)] == [100.0, 100.5, 101.0, 101.5]
