"""The serving scenario."""

from recomind.dev.bench.load import LoadResult
from recomind.dev.bench.serving import median_of


def test_the_median_of_rounds_is_taken_value_by_value():
    rounds = [LoadResult(1.0, 0.3, 0.9, 0), LoadResult(2.0, 0.2, 0.7, 1), LoadResult(9.0, 0.1, 0.8, 0)]
    assert median_of(rounds) == LoadResult(2.0, 0.2, 0.8, 1)
