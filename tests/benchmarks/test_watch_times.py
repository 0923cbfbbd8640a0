"""What learning from watch times gains: a tenth of the share watched, at no fewer likes, in worlds not seen before.

python -m pytest tests/benchmarks/test_watch_times.py -s
"""

import pytest

from recomind.offline.closed_loop import LIKES_ALONE, run
from recomind.offline.world import Size

SIZE = Size(watch_times=True)
SEEDS = (4, 5, 6)
"""Not those of decision 0066, on which the constants were chosen."""

MIN_GAIN = 1.1
MIN_LIKES = 0.99
"""Of the likes without watch times: the mean of so few seeds has a standard error of a hundredth."""


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_learning_from_watch_times_gains_a_tenth_of_the_share_watched_at_no_fewer_likes():
    with_times, without = ([run(SIZE, seed, name) for seed in SEEDS] for name in ("recomind", LIKES_ALONE))
    watched = sum(one.watched_last_half for one in with_times) / sum(one.watched_last_half for one in without)
    likes = sum(one.like_share_last_half for one in with_times) / sum(one.like_share_last_half for one in without)
    for name, found in (("with watch times", with_times), ("likes alone", without)):
        shares = ", ".join(f"{one.watched_last_half:.3f} ({one.like_share_last_half:.3f})" for one in found)
        print(f"{name}, share watched (likes per video shown): {shares}")
    print(f"share watched {watched - 1:+.1%}, likes {likes - 1:+.1%}")
    assert watched >= MIN_GAIN
    assert likes >= MIN_LIKES
