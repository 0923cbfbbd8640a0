"""Columns of the index and operations on rows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recomind.recommender.index.columns import TAGS_PER_VIDEO, Columns, distinct, largest

VALUES = st.one_of(st.sampled_from([-np.inf, 0.0, 1.0]), st.floats(-1e6, 1e6))
"""Many are equal, and some are -inf."""


def test_distinct_rows_do_not_depend_on_the_scratch_contents():
    rows, inverse = distinct(np.array([5, 2, 5, 9, 2]), np.array([4, 3, 2, 1, 0, 0, 1, 2, 3, 4]))
    assert rows.tolist() == [5, 9, 2]
    assert rows[inverse].tolist() == [5, 2, 5, 9, 2]


@given(arrays(float, st.integers(0, 200), elements=VALUES), st.integers(1, 30))
def test_the_largest_values_are_those_of_a_sort(values, n):
    found = largest(values, n)
    finite = values[values > -np.inf]
    assert len(set(found.tolist())) == len(found)
    assert sorted(values[found]) == sorted(finite)[-n:]


@given(st.lists(st.lists(st.integers(0, 19), max_size=TAGS_PER_VIDEO + 2, unique=True), min_size=1, max_size=20))
def test_the_mean_over_tags_is_that_of_the_first_tags(tags):
    columns, values = Columns(), np.random.default_rng(1).normal(size=20).astype(np.float32)
    for row, some in enumerate(tags):
        columns.add_row()
        columns.set_tags(row, some)
    expected = [float(values[some[:TAGS_PER_VIDEO]].mean()) if some else 0.0 for some in tags]
    assert np.allclose(columns.mean_over_tags(values, slice(0, len(tags))), expected, atol=1e-6)
    assert np.allclose(columns.mean_over_tags(values, np.arange(len(tags))), expected, atol=1e-6)


def test_tags_that_are_set_again_replace_the_earlier_ones():
    columns, values = Columns(), np.array([1.0, 3.0, 5.0], np.float32)
    columns.add_row()
    columns.set_tags(0, [0, 1, 2])
    columns.set_tags(0, [1])
    assert columns.mean_over_tags(values, slice(0, 1)).tolist() == [3.0]
    columns.set_tags(0, [])
    assert columns.mean_over_tags(values, slice(0, 1)).tolist() == [0.0]
