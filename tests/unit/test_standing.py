"""Where a video stands: a toy catalogue in which the right answer is plain."""

import pytest

from recomind.model.catalogue import Video
from recomind.recommender.blend.model import Weights
from recomind.recommender.explain.position import (
    CAPPED,
    LISTED,
    NOT_PROPOSED,
    OUTRANKED,
    SEEN,
    UNKNOWN,
    segment_of,
    standing,
)
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.pipeline import NAMES, learn, rank
from recomind.state.popularity import NOTHING, Counts, Popularity
from recomind.state.profile import Liked, Profile, video_hash

NOW = 1_000.0


def popular(score):
    return Popularity(
        counts=Counts(3, 0, 0), liked=(score,) * len(NOTHING), shown=(score,) * len(NOTHING), first_at=1.0
    )


@pytest.fixture
def index():
    """Five videos of one creator and five of nobody's, each more popular than the one after it."""
    made = VideoIndex()
    for number in range(10):
        video_id, creator = f"v{number}", "one" if number < 5 else None
        made.put_video(Video(video_id=video_id, title=video_id, tags=("t",), creator_id=creator))
        made.put_popularity(video_id, popular(5.0 - number))
    return made


def stands(index, video_id, n=5, profile=None, weights=None):
    return standing(rank(profile or Profile(), index, NOW), index, weights or Weights(), video_id, n)


def test_a_listed_video_has_its_place(index):
    found = stands(index, "v0")
    assert (found.verdict, found.reason, found.rank, found.candidates) == (LISTED, "listed: place 1 of 5", 1, 10)
    assert found.score > found.needed


def test_a_video_put_off_by_the_cap_names_those_before_it(index):
    found = stands(index, "v3")
    assert (found.verdict, found.ahead) == (CAPPED, ("v0", "v1", "v2"))
    assert found.reason == "capped: 3 of the same creator come before it"


def test_a_weaker_video_is_outranked(index):
    found = stands(index, "v9")
    assert (found.verdict, found.reason) == (OUTRANKED, "outranked: 9 of 10 candidates score more")
    assert found.score < found.needed


def test_a_seen_video_says_what_was_done_with_it(index):
    seen = video_hash("v0").to_bytes(4, "little")
    assert stands(index, "v0", profile=Profile(seen=seen)).reason == "seen: the person has acted on it"
    liked = Profile(seen=seen, likes=(Liked("v0", 1.0),))
    found = stands(index, "v0", profile=liked)
    assert (found.verdict, found.reason) == (SEEN, "seen: the person liked it")


def test_what_is_not_in_the_catalogue_is_unknown_and_what_nobody_proposes_is_not_ranked(index):
    assert stands(index, "nowhere").verdict == UNKNOWN
    for number in range(100):
        index.put_video(Video(video_id=f"new{number}", tags=(), created_at=float(number)))
    assert stands(index, "new0").verdict == NOT_PROPOSED


def test_contributions_add_up_to_the_lead_over_an_average_candidate(index):
    ranked = rank(Profile(), index, NOW)
    weights = learn(Weights(), ranked, index, "v7")
    for known in (Weights(), weights):
        found = stands(index, "v7", weights=known)
        assert {feature.name for feature in found.features} == set(NAMES)
        sizes = [abs(feature.contribution) for feature in found.features]
        assert sizes == sorted(sizes, reverse=True)
        for one in found.features:
            assert one.contribution == pytest.approx(one.weight * (one.value - one.average), abs=2e-3)


@pytest.mark.parametrize(("likes", "name"), [(0, "no likes"), (1, "1 to 4 likes"), (40, "40 likes and more")])
def test_segments_have_names(likes, name):
    assert segment_of(likes) == name
