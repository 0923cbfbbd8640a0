"""Diversity caps hold in each run of ten neighbouring places; an oracle judges place by place."""

import numpy as np
import pytest

from recomind.model.catalogue import Video
from recomind.recommender.diversify import NO_CAPS, WINDOW_LENGTH, Caps, diversify
from recomind.recommender.index.video_index import VideoIndex
from tests.unit.recommender.windows import excess, most_of_a_window


def indexed(videos):
    """An index of videos, each given as (creator, tags)."""
    index = VideoIndex()
    for number, (creator, tags) in enumerate(videos):
        index.put_video(Video(video_id=f"v{number}", creator_id=creator, tags=tuple(tags)))
    return index


def by_creators(creators):
    return indexed((creator, ()) for creator in creators)


def of_creator(index, creator):
    return {row for row, one in index.creators.items() if one == creator}


def test_caps_defer_videos_over_the_cap_and_lose_none():
    index = by_creators(["same"] * 8 + [f"c{number}" for number in range(12)])
    order = np.arange(20)
    first = diversify(index, order, Caps(creator=3), 10)
    assert first == [0, 1, 2, *range(8, 15)]
    assert sorted(diversify(index, order, Caps(creator=3), 20)) == list(range(20))
    assert diversify(index, order, NO_CAPS, 10) == list(range(10))


def test_a_cap_holds_also_across_the_tenth_place():
    index = by_creators("same" if 7 <= number < 13 else f"c{number}" for number in range(60))
    found = diversify(index, np.arange(60), Caps(), 30)
    assert most_of_a_window(found, of_creator(index, "same")) == 3
    assert found[:10] == list(range(10))
    assert found[10:20] == [*range(13, 20), 10, 11, 12]


def test_deferred_videos_come_as_soon_as_the_cap_has_room_and_in_their_order():
    index = by_creators("same" if number < 4 else f"c{number}" for number in range(20))
    assert diversify(index, np.arange(20), Caps(creator=1), 20)[::10] == [0, 1]
    assert [row for row in diversify(index, np.arange(20), Caps(creator=1), 20) if row < 4] == [0, 1, 2, 3]


@pytest.mark.parametrize("cap", [1, 2, 3])
def test_a_cap_on_tags_holds_in_each_window(cap):
    index = indexed((None, ("Cat", f"t{number % 40}") if number % 2 else (f"u{number}",)) for number in range(200))
    found = diversify(index, np.arange(200), Caps(None, cap), 60)
    assert most_of_a_window(found, set(range(1, 200, 2))) == cap


def test_a_cap_counts_also_tags_beyond_those_that_ranking_reads_and_those_in_other_case():
    cats = [(*(f"t{number}.{tag}" for tag in range(20)), "CAT" if number % 3 else "cat") for number in range(10)]
    index = indexed((None, tags) for tags in [*cats, *[()] * 30])
    assert most_of_a_window(diversify(index, np.arange(40), Caps(None, 2), 30), set(range(10))) == 2


def test_both_caps_hold_together():
    index = indexed((f"c{number % 20}", (f"t{number % 17}",)) for number in range(170))
    order = np.array(sorted(range(170), key=lambda row: (row % 20 // 3, row % 17)))
    found = diversify(index, order, Caps(1, 2), 40)
    for number in range(20):
        assert most_of_a_window(found, set(range(number, 170, 20))) <= 1
    for number in range(17):
        assert most_of_a_window(found, set(range(number, 170, 17))) <= 2


def test_where_candidates_run_out_the_list_is_full_and_those_of_the_rarest_creator_come_first():
    index = by_creators("a" if number < 12 else "b" for number in range(15))
    assert diversify(index, np.arange(15), Caps(creator=1), 20) == [0, 12, 1, 13, 2, 14, *range(3, 12)]
    tagged = indexed((None, ("a",) if number < 12 else ("b",)) for number in range(15))
    assert diversify(tagged, np.arange(15), Caps(None, 1), 20) == [0, 12, 1, 13, 2, 14, *range(3, 12)]


def test_lists_of_no_candidates_and_of_few_are_as_long_as_these():
    index = by_creators(["a", "a", None])
    for caps in (NO_CAPS, Caps(), Caps(1), Caps(1, 1), Caps(None, 1)):
        assert diversify(index, np.empty(0, np.int64), caps, 5) == []
        assert sorted(diversify(index, np.arange(3), caps, 5)) == [0, 1, 2]
        assert diversify(index, np.arange(3), caps, 0) == []


@pytest.mark.parametrize("seed", range(60))
def test_each_place_has_the_best_of_the_candidates_that_break_the_caps_least(seed):
    draw = np.random.default_rng(seed)
    creators, tags = int(draw.integers(1, 30)), int(draw.integers(1, 30))
    videos = [
        (
            None if draw.random() < 0.1 else f"c{int(creators * draw.random() ** 2)}",
            {f"t{int(tags * draw.random() ** 2)}" for _ in range(draw.integers(0, 12))},
        )
        for _ in range(draw.integers(1, 80))
    ]
    index, order, n = indexed(videos), draw.permutation(len(videos)), int(draw.integers(1, 60))
    for caps in (Caps(), Caps(1), Caps(2, 3), Caps(None, 1), Caps(3, None)):
        expected, left = list[int](), order.tolist()
        while left and len(expected) < n:
            before = [index.videos[row] for row in expected[-(WINDOW_LENGTH - 1) :]]
            expected.append(min(left, key=lambda row: excess(index.videos[row], before, caps)))
            left.remove(expected[-1])
        assert diversify(index, order, caps, n) == expected
