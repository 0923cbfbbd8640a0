"""Whether arms have as many users as their shares say."""

from math import inf

import numpy as np

from recomind.experiments import sample_ratio


def test_a_lost_part_of_an_arm_is_a_mismatch():
    assert not sample_ratio.is_mismatch([5_050, 4_950], [1, 1])
    assert sample_ratio.is_mismatch([5_300, 4_700], [1, 1])
    assert not sample_ratio.is_mismatch([9_020, 980], [0.9, 0.1])
    assert not sample_ratio.is_mismatch([0, 0], [1, 1])
    assert sample_ratio.e_value([10**6, 0], [1, 1]) == inf


def test_the_sample_ratio_may_be_looked_at_after_each_user():
    alarms = 0
    for seed in range(200):
        arms = np.random.default_rng(seed).integers(0, 2, 2_000).cumsum()
        looks = [[int(arms[n]), n + 1 - int(arms[n])] for n in range(0, 2_000, 20)]
        alarms += any(sample_ratio.is_mismatch(one, [1, 1], 0.05) for one in looks)
    assert alarms <= 10
