"""Columns of the index and operations on rows."""

import numpy as np

from recomind.recommender.index.columns import distinct


def test_distinct_rows_do_not_depend_on_the_scratch_contents():
    rows, inverse = distinct(np.array([5, 2, 5, 9, 2]), np.array([4, 3, 2, 1, 0, 0, 1, 2, 3, 4]))
    assert rows.tolist() == [5, 9, 2]
    assert rows[inverse].tolist() == [5, 2, 5, 9, 2]
