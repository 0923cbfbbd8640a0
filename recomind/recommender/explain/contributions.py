"""How much each part of a candidate's score adds to its lead over an average candidate.

Features of the blend are measured with the blend as a black box: a feature's contribution is the candidate's score
minus its score with an average value of that feature. The parts that are weighed against the blend (`blend.outcomes`)
are linear: the score of the factor model, the like rates, and what watch times, follows and negative feedback add.
Where the blend is linear, too, all contributions add up to the lead.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from recomind.model.responses import FeatureContribution
from recomind.recommender import like_rates
from recomind.recommender.blend.model import Weights
from recomind.recommender.index.columns import Floats
from recomind.recommender.local_rates import LOCAL_NAMES
from recomind.recommender.ranked import FEATURE_NAMES, Ranked

FACTORS: Final = "factors"
ADJUSTMENT: Final = "watch times, follows and negative feedback"
RATES: Final = (*(f"like rate of {name}" for name in like_rates.NAMES), *LOCAL_NAMES)
"""Names of the parts that are no features of the blend."""


def contributions(ranked: Ranked, weights: Weights, position: int) -> tuple[FeatureContribution, ...]:
    """What makes up the score of a candidate, those with the largest contributions first."""
    parts = [*_of_blend(ranked, weights, position), *_beside_the_blend(ranked, weights, position)]
    return tuple(sorted(parts, key=lambda one: -abs(one.contribution)))


def _of_blend(ranked: Ranked, weights: Weights, position: int) -> Iterator[FeatureContribution]:
    values, averages = ranked.features[position], ranked.features.mean(axis=0)
    averaged, increased = np.tile(values, (len(values), 1)), np.tile(values, (len(values), 1))
    np.fill_diagonal(averaged, averages)
    np.fill_diagonal(increased, values + 1)

    def score(candidates: Floats) -> Floats:
        return weights.outcomes.effective_mean()[0] * ranked._replace(features=candidates).blend_scores(weights)

    own = score(values[None, :])[0]
    columns = zip(FEATURE_NAMES, values, averages, score(increased) - own, own - score(averaged), strict=True)
    return (_contribution(name, *numbers) for name, *numbers in columns)


def _beside_the_blend(ranked: Ranked, weights: Weights, position: int) -> Iterator[FeatureContribution]:
    parts = np.column_stack([ranked.factor_scores, ranked.rates, ranked.adjustment])
    names = (FACTORS, *RATES[: ranked.rates.shape[1]], ADJUSTMENT)
    of_parts = (*weights.outcomes.effective_mean()[1 : len(names)], 1.0)
    for name, value, average, weight in zip(names, parts[position], parts.mean(axis=0), of_parts, strict=True):
        yield _contribution(name, value, average, weight, weight * (value - average))


def _contribution(name: str, *numbers: float) -> FeatureContribution:
    return FeatureContribution(name, *(round(float(number), 4) for number in numbers))
