"""Measurements and their thresholds."""

from recomind.dev.bench.measurements import Limit, Measurement, at_most, percentile


def test_a_measurement_with_a_lower_limit_must_reach_the_threshold():
    assert Measurement("s", "n", 8.0, "1/s", Limit("baseline", 1.0, 4.0)).margin == 2.0
    assert Measurement("s", "n", 4.0, "1/s", Limit("baseline", 1.0, 4.0)).holds
    assert not Measurement("s", "n", 3.9, "1/s", Limit("baseline", 1.0, 4.0)).holds


def test_a_measurement_with_an_upper_limit_must_not_exceed_the_threshold():
    assert Measurement("s", "n", 25.0, "ms", at_most("stated limit", 100.0)).margin == 4.0
    assert not Measurement("s", "n", 101.0, "ms", at_most("stated limit", 100.0)).holds


def test_a_measurement_without_a_threshold_neither_meets_nor_misses_it():
    assert Measurement("s", "n", 1.0, "ms").holds is None
    assert Measurement("s", "n", 1.0, "ms", Limit("baseline", 1.0, 0.0)).holds is None


def test_the_percentile_of_a_range_is_its_value():
    assert percentile([float(n) for n in range(101)], 99) == 99.0
