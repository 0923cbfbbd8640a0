"""Lists of two rankers."""

import numpy as np
import pytest

from recomind.experiments.interleaving import SHARED, team_draft


def test_a_draft_has_each_video_once_and_gives_no_credit_for_shared_ones():
    drafted = team_draft([1, 2, 3, 4], [2, 5, 1, 6], 4, iter([True, False]).__next__)
    assert [one.item for one in drafted] == [1, 2, 5, 3]
    assert [one.team for one in drafted] == [SHARED, SHARED, 1, -1]
    assert len(team_draft([1, 2], [2, 1], 10, lambda: True)) == 2
    assert [one.item for one in team_draft([], [3], 2, lambda: True)] == [3]


def test_coins_make_a_draft_fair():
    draw = np.random.default_rng(3)
    firsts = [team_draft([1, 2], [3, 4], 2, lambda: draw.random() < 0.5)[0].item for _ in range(2_000)]
    assert firsts.count(1) / 2_000 == pytest.approx(0.5, abs=0.04)
