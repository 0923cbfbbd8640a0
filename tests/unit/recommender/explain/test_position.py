"""Where a video ranks, in a small catalogue with a known answer."""

import numpy as np
import pytest

from recomind.model.catalogue import Video
from recomind.recommender import like_rates
from recomind.recommender.blend.model import Weights
from recomind.recommender.blend.outcomes import PRIOR_MEAN, OutcomeWeights
from recomind.recommender.diversify import NO_CAPS, Caps
from recomind.recommender.explain.contributions import ADJUSTMENT, FACTORS, RATES
from recomind.recommender.explain.position import (
    CAPPED,
    HIDDEN,
    LISTED,
    NOT_PROPOSED,
    OUTRANKED,
    SEEN,
    UNKNOWN,
    rank_position,
    segment_of,
)
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.pipeline import learn, rank
from recomind.recommender.policy.policy import Policy
from recomind.recommender.ranked import FEATURE_NAMES
from recomind.state.fingerprints import video_hash
from recomind.state.popularity import NO_SCORES, Counts, Popularity
from recomind.state.profile import Profile
from recomind.state.profile_entries import Like

NOW = 1_000.0


def popular(score):
    return Popularity(
        counts=Counts(3, 0, 0),
        like_scores=(score,) * len(NO_SCORES),
        action_scores=(score,) * len(NO_SCORES),
        first_at=1.0,
    )


@pytest.fixture
def index():
    """Five videos of one creator and five without creator, each more popular than the one after it."""
    made = VideoIndex()
    for number in range(10):
        video_id, creator = f"v{number}", "one" if number < 5 else None
        made.put_video(Video(video_id=video_id, title=video_id, tags=("t",), creator_id=creator))
        made.put_popularity(video_id, popular(5.0 - number))
    return made


def position_of(index, video_id, n=5, profile=None, weights=None):
    return rank_position(rank(profile or Profile(), index, NOW), index, weights or Weights(), video_id, n)


def test_a_listed_video_has_its_rank(index):
    found = position_of(index, "v0")
    assert (found.verdict, found.reason, found.rank, found.candidates) == (LISTED, "listed: place 1 of 5", 1, 10)
    assert found.score > found.needed


def test_a_capped_video_names_the_listed_ones_of_its_creator(index):
    found = position_of(index, "v3")
    assert (found.verdict, found.ahead) == (CAPPED, ("v0", "v1", "v2"))
    assert found.reason == "capped: 3 of the same creator come before it"


def under(index, caps, video_id, n):
    ranked = rank(Profile(), index, NOW, Policy(caps=caps))
    return rank_position(ranked, index, Weights(), video_id, n)


def test_a_video_over_a_cap_is_capped_also_if_more_candidates_score_more_than_there_are_places(index):
    found = under(index, Caps(1), "v3", 3)
    assert (found.rank, found.verdict, found.ahead) == (4, CAPPED, ("v0",))
    assert under(index, Caps(1), "v8", 3).verdict == OUTRANKED


def test_a_video_over_a_cap_of_tags_names_the_listed_ones_with_the_tag(index):
    for number in range(10):
        tags = (f"t{number}", "Cat" if number > 2 else "cat") if 0 < number < 4 else (f"t{number}",)
        index.put_video(Video(video_id=f"v{number}", tags=tags))
    found = under(index, Caps(None, 2), "v3", 4)
    assert (found.verdict, found.ahead) == (CAPPED, ("v1", "v2"))
    assert found.reason == "capped: 2 with the tag Cat come before it"


def test_no_video_is_capped_without_caps(index):
    assert under(index, NO_CAPS, "v5", 5).verdict == OUTRANKED
    assert under(index, NO_CAPS, "v4", 5).verdict == LISTED


def test_a_video_with_a_lower_score_is_outranked(index):
    found = position_of(index, "v9")
    assert (found.verdict, found.reason) == (OUTRANKED, "outranked: 9 of 10 candidates score more")
    assert found.score < found.needed


def test_a_seen_video_says_what_the_user_did_with_it(index):
    seen = video_hash("v0").to_bytes(4, "little")
    assert position_of(index, "v0", profile=Profile(seen=seen)).reason == "seen: the user has acted on it"
    liked = Profile(seen=seen, likes=(Like("v0", 1.0),))
    found = position_of(index, "v0", profile=liked)
    assert (found.verdict, found.reason) == (SEEN, "seen: the user liked it")


def test_a_video_outside_the_catalogue_is_unknown_and_one_without_source_is_not_ranked(index):
    assert position_of(index, "nowhere").verdict == UNKNOWN
    for number in range(300):
        index.put_video(Video(video_id=f"new{number}", tags=(), created_at=float(number)))
    verdicts = [position_of(index, f"new{number}").verdict for number in range(300)]
    assert verdicts.count(NOT_PROPOSED) > 100


def test_contributions_add_up_to_the_lead_over_an_average_candidate(index):
    ranked = rank(Profile(), index, NOW)
    weights = learn(Weights(), ranked, index, "v7")
    for known in (Weights(), weights):
        found = position_of(index, "v7", weights=known)
        names = {feature.name for feature in found.features}
        assert names == {*FEATURE_NAMES, FACTORS, *RATES[: len(like_rates.NAMES)], ADJUSTMENT}
        sizes = [abs(feature.contribution) for feature in found.features]
        assert sizes == sorted(sizes, reverse=True)
        for one in found.features:
            assert one.contribution == pytest.approx(one.weight * (one.value - one.average), abs=2e-3)


def test_contributions_name_what_is_weighed_against_the_blend(index):
    rows = np.arange(10)
    index.shown.put(rows, np.array([np.full(10, 20.0), rows]))
    outcomes = OutcomeWeights((0.1, 0.5, *[1.0] * (len(PRIOR_MEAN) - 2)), likes=1)
    ranked, weights = rank(Profile(), index, NOW), Weights(outcomes=outcomes)
    scores = ranked.final_scores(weights)
    for video_id in ("v0", "v9"):
        found = position_of(index, video_id, weights=weights)
        lead = scores[ranked.position_of(index.rows[video_id])] - scores.mean()
        assert sum(one.contribution for one in found.features) == pytest.approx(lead, abs=2e-3)
        assert found.features[0].name == "like rate of video"


@pytest.mark.parametrize(("likes", "name"), [(0, "no likes"), (1, "1 to 4 likes"), (40, "40 likes and more")])
def test_segments_have_names(likes, name):
    assert segment_of(likes) == name


def test_a_video_that_was_taken_down_is_hidden(index):
    index.put_video(Video(video_id="v0", title="T", hidden=True))
    assert position_of(index, "v0").verdict == HIDDEN
    index.put_video(Video(video_id="v0", title="T", expires_at=NOW))
    assert position_of(index, "v0").verdict == LISTED
    index.expire(NOW)
    assert position_of(index, "v0").verdict == HIDDEN
