"""What rankers get."""

import numpy as np
import pytest

from recomind.offline.parquet_rows import rate_column
from recomind.recommender.extensions.protocols import OUTCOME_FEATURES
from recomind.recommender.extensions.registry import Extensions
from recomind.recommender.like_rates import NAMES
from recomind.recommender.ranked import FEATURE_NAMES
from recomind.recommender.served import weighed
from tests.unit.recommender.extensions.engines import Backwards, Proposes, engine_with


class Recorder(Backwards):
    """A ranker that remembers what it got."""

    def score(self, request, index):
        self.request = request
        return super().score(request, index)


def test_the_outcome_features_are_the_exported_columns_of_the_places():
    recorder, extensions = Recorder(), Extensions()
    extensions.add("ranker", "recorder", recorder)
    slate = engine_with("recorder", extensions).recommend("me", 39)
    served, request = weighed(slate.shown, 39), recorder.request
    best_first = np.argsort(-request.rows)
    assert request.outcome_features[best_first] == pytest.approx(served, abs=1e-2)
    assert ("choice", "factor_score", *map(rate_column, NAMES)) == OUTCOME_FEATURES


def test_a_ranker_gets_features_and_the_scores_of_all_sources():
    recorder, extensions = Recorder(), Extensions()
    extensions.add("ranker", "recorder", recorder)
    extensions.add("source", "mine", Proposes("v39"))
    extensions.active = frozenset({"mine"})
    engine_with("recorder", extensions).recommend("me", 5)
    request = recorder.request
    assert request.feature_names == FEATURE_NAMES
    assert request.features.shape == (len(request.rows), len(FEATURE_NAMES))
    assert request.scores.shape == request.rows.shape
    assert {"trending", "tags", "mine"} < request.sources.keys()
    assert request.sources["mine"].max() == 1.0
