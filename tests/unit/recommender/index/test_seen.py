"""Which videos a user has seen, by the hashes of their ids."""

import numpy as np
import pytest

from recomind.recommender.index.seen import _MAX_COMPARISONS, _MIN_SLOTS, is_seen


def expected(hashes, seen):
    return [value in set(seen.tolist()) for value in hashes.tolist()]


@pytest.mark.parametrize("count", [0, 1, 40, 64, 65, 3_000])
def test_few_and_many_seen_videos_are_found(count):
    draw = np.random.default_rng(count)
    seen = draw.integers(0, 2**32, count, dtype=np.uint64).astype("<u4")
    hashes = np.concatenate([seen[::2], draw.integers(0, 2**32, 64, dtype=np.uint64)]).astype(np.int64)
    assert is_seen(hashes, seen.tobytes()).tolist() == expected(hashes, seen)


@pytest.mark.parametrize("others", [0, _MAX_COMPARISONS])
def test_hashes_with_the_same_last_bits_and_zero_are_told_apart(others):
    """With others, there are too many to be compared one by one."""
    same = np.arange(4, dtype=np.int64) * 8 * _MIN_SLOTS
    hashes = np.concatenate([same, same + 5, np.full(others, 7)])
    for seen in (same[1:3], same[:1], np.concatenate([same + 5, same[3:]])):
        assert is_seen(hashes, seen.astype("<u4").tobytes()).tolist() == expected(hashes, seen)
