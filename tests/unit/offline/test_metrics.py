"""Metrics of recommendation quality."""

import numpy as np
import pytest

from recomind.offline.metrics import quality


def test_quality_is_computed_from_ranks():
    # HR (1 + 1 + 0) / 3, NDCG (1 + 1/2 + 0) / 3, MRR (1 + 1/3 + 1/20) / 3
    found = quality(np.array([1.0, 3.0, 20.0]))
    assert (found.hr_at_10, found.ndcg_at_10, found.mrr) == pytest.approx((2 / 3, 0.5, (1 + 1 / 3 + 1 / 20) / 3))
