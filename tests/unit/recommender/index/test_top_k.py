"""An incremental top-k list equals one that is selected from all keys, as long as no score falls."""

from heapq import nlargest

import numpy as np

from recomind.recommender.index.top_k import ScoredTopK, TopK


def random_rises(keys=200, changes=2_000, seed=11):
    """Yield (key, score), the scores of each key rising, with many ties."""
    rng, scores = np.random.default_rng(seed), dict.fromkeys(range(keys), 0.0)
    for key in rng.integers(0, keys, changes).tolist():
        scores[key] += float(rng.integers(1, 4))
        yield key, scores[key]


def test_the_list_is_that_of_all_keys_after_every_refresh():
    scores = {}
    top = TopK[int](lambda keys: nlargest(10, keys, key=lambda key: (scores[key], key)))
    for number, (key, score) in enumerate(random_rises()):
        scores[key] = score
        top.mark_changed(key)
        if number % 64 == 0:
            assert top.refresh() == nlargest(10, scores, key=lambda key: (scores[key], key))


def test_after_a_refresh_only_members_are_candidates():
    top = TopK[int](lambda keys: sorted(keys)[-2:], members=[1, 2])
    top.mark_changed(3)
    assert top.candidates == {1, 2, 3}
    assert top.refresh() == [2, 3]
    assert top.candidates == {2, 3}


def test_scored_entries_are_those_of_all_ids_and_equal_scores_put_the_larger_id_first():
    scores, top = {}, ScoredTopK(10)
    for key, score in random_rises():
        scores[f"v{key}"] = score
        top.set_score(f"v{key}", score)
        assert top.entries() == sorted(scores.items(), key=lambda entry: (entry[1], entry[0]), reverse=True)[:10]


def test_a_scored_list_holds_at_most_twice_its_length():
    top = ScoredTopK(10)
    for key, score in random_rises():
        top.set_score(f"v{key}", score)
        assert len(top.candidates) <= 20
