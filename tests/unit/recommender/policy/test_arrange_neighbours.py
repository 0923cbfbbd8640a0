"""Lists of scenarios with caps on neighbouring videos keep them wherever the catalogue has enough other videos."""

import numpy as np
import pytest

from recomind.model.catalogue import Video
from recomind.model.rules import Rule, RuleRecord, Scenario
from recomind.model.users import NO_METADATA
from recomind.recommender.blend.model import Weights
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.pipeline import rank, slate_of
from recomind.recommender.policy.rule_book import RuleBook
from recomind.state.popularity import HALF_LIVES_S, Popularity
from recomind.state.profile import Like, Profile
from recomind.state.seen_blocks import block_of_videos
from tests.unit.recommender.windows import most_of_a_window

NOW, N = 1.7e9, 20
LIKED = [f"v{number}" for number in range(0, 100, 7)]
COLD, WARM = Profile(), Profile(seen=block_of_videos(LIKED).seen, likes=tuple(Like(one, NOW - 5) for one in LIKED))


@pytest.fixture(scope="module")
def index():
    """Videos whose tags and creators differ in how frequent they are."""
    draw, made = np.random.default_rng(0), VideoIndex()
    for number in range(400):
        tags = {f"t{int(30 * draw.random() ** 1.5)}" for _ in range(3)}
        creator = f"c{int(60 * draw.random() ** 1.5)}"
        made.put_video(Video(video_id=f"v{number}", tags=tuple(tags), creator_id=creator, created_at=NOW - 1e6))
        likes = (float(draw.normal()),) * len(HALF_LIVES_S)
        made.put_popularity(f"v{number}", Popularity(first_likes=1, like_scores=likes))
    return made


def listed(index, profile, scenario, rule=None):
    book = RuleBook(index)
    book.apply(RuleRecord("scenario", "some", None, scenario))
    if rule is not None:
        book.apply(RuleRecord("rule", "R1", rule))
    ranked = rank(profile, index, NOW, book.policy("u", NO_METADATA, NOW, "some"))
    return [index.rows[pick.video_id] for pick in slate_of(ranked, index, Weights(), N, exploration=0.0).picks]


def most_of_one_tag(index, rows):
    tags = {tag for row in rows for tag in index.videos[row].tags}
    return max(most_of_a_window(rows, {row for row in rows if tag in index.videos[row].tags}) for tag in tags)


def most_of_one_creator(index, rows):
    creators = {index.creators[row] for row in rows}
    return max(most_of_a_window(rows, {row for row in rows if index.creators[row] == one}) for one in creators)


@pytest.mark.parametrize("profile", [COLD, WARM], ids=["cold", "warm"])
@pytest.mark.parametrize(("tag_cap", "creator_cap"), [(2, 1), (3, 3), (2, None), (None, 1)])
def test_lists_keep_the_caps_of_their_scenario(index, profile, tag_cap, creator_cap):
    rows = listed(index, profile, Scenario(tag_cap=tag_cap, creator_cap=creator_cap))
    assert len(rows) == N
    assert most_of_one_tag(index, rows) <= (tag_cap or N)
    assert most_of_one_creator(index, rows) <= (creator_cap or N)


@pytest.mark.parametrize("settings", [{"spread": 0.5}, {"filter": "-tag:t0"}], ids=["spread", "filter"])
def test_caps_hold_with_other_settings_of_the_scenario_too(index, settings):
    rows = listed(index, WARM, Scenario(tag_cap=3, creator_cap=1, **settings))
    assert len(rows) == N
    assert most_of_one_tag(index, rows) <= 3
    assert most_of_one_creator(index, rows) == 1


def test_caps_on_neighbours_hold_beside_a_cap_of_a_rule(index):
    rows = listed(index, WARM, Scenario(tag_cap=3), Rule(action="cap", where="tag:t0", at_most=1))
    assert len(rows) == N
    assert most_of_one_tag(index, rows) <= 3
    assert sum("t0" in index.videos[row].tags for row in rows) <= 1


def test_a_list_of_named_sources_has_nothing_else_to_keep_its_caps(index):
    rows = listed(index, COLD, Scenario(tag_cap=1, creator_cap=1, sources=("tags",)))
    assert rows == []


def test_the_default_cap_holds_where_one_creator_has_the_best_sixty_candidates():
    index = VideoIndex()
    for number in range(140):
        video_id = f"v{number}"
        index.put_video(Video(video_id=video_id, creator_id="star" if number < 60 else f"c{number}", created_at=1.0))
        likes = (100.0 - number,) * len(HALF_LIVES_S)
        index.put_popularity(video_id, Popularity(first_likes=1, like_scores=likes))
    ranked = rank(COLD, index, NOW)
    rows = [index.rows[pick.video_id] for pick in slate_of(ranked, index, Weights(), N, exploration=0.0).picks]
    assert len(rows) == N
    assert most_of_a_window(rows, set(range(60))) == 3
