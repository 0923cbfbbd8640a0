"""The promises of the statistics of experiments."""

from recomind.offline.experiment_bars import aa_bars, interleaving_bar, whatif_bars


def test_the_promises_hold_in_a_few_runs():
    """`make experiment-bars` measures them in all runs."""
    bars = [*aa_bars(20), *whatif_bars(100), interleaving_bar(1, 600_000)]
    assert all(one.holds for one in bars), bars
    assert all(float(one.note.split(": ")[1]) > 0.2 for one in bars[:4])  # a wrong test is found out
