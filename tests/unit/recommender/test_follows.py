"""What a user follows is proposed, scores more, and is named in explanations."""

import numpy as np
import pytest

from recomind.model.catalogue import Video
from recomind.model.users import UserMetadata
from recomind.recommender.blend.model import Weights
from recomind.recommender.candidates import followed
from recomind.recommender.candidates.types import user_context_of
from recomind.recommender.explain.contributions import ADJUSTMENT, contributions
from recomind.recommender.follows import CREATOR_LOG_ODDS, TAG_LOG_ODDS, Follows, follow_gain, follows_of
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.pipeline import rank, slate_of
from recomind.recommender.policy.rule_book import RuleBook
from recomind.state.profile import Profile

NOW = 1.7e9


@pytest.fixture
def index():
    """300 videos; each tenth has the tag `Chess`, and the creator `ada` has made the oldest five."""
    made = VideoIndex()
    for number in range(300):
        tags, creator = ("Chess",) if number % 10 == 7 else ("other",), "ada" if number < 5 else f"c{number}"
        made.put_video(Video(video_id=f"v{number}", tags=tags, creator_id=creator, created_at=1e9 + number))
    return made


def listed(index, n=20, **metadata):
    policy = RuleBook(index).policy("u", UserMetadata(**metadata), NOW)
    return slate_of(rank(Profile(), index, NOW, policy), index, Weights(), n).picks


def test_videos_of_followed_creators_come_first_and_say_so(index):
    picks = listed(index, followed_creators=("ada", "nobody"))
    assert {pick.video_id for pick in picks[:3]} <= {f"v{number}" for number in range(5)}  # three of ten by one creator
    assert {f"v{number}" for number in range(5)} <= {pick.video_id for pick in picks}
    assert all("followed" in pick.sources for pick in picks[:3])
    assert not {f"v{number}" for number in range(5)} & {pick.video_id for pick in listed(index, country="DE")}


def test_followed_tags_are_compared_in_any_case(index):
    picks = listed(index, followed_tags=("cHESS",))
    assert all(int(pick.video_id[1:]) % 10 == 7 for pick in picks[:5])


def test_the_latest_videos_of_creators_are_proposed_and_none_that_was_taken_down(index):
    index.put_video(Video(video_id="v4", creator_id="ada", created_at=2e9, hidden=True))
    user = user_context_of(Profile(), index, NOW, follows=Follows(("ada",), ()))
    rows, scores = followed.propose(user, index)
    assert [index.ids[row] for row in rows.tolist()] == ["v3", "v2", "v1", "v0"]
    assert scores.tolist() == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])
    assert len(followed.propose(user._replace(follows=None), index).rows) == 0


def test_gains_add_up(index):
    rows = np.array([0, 7, 8])
    gain = follow_gain(Follows(("ada", "c7"), ("chess",)), index, rows)
    assert gain.tolist() == [CREATOR_LOG_ODDS, CREATOR_LOG_ODDS + TAG_LOG_ODDS, 0.0]
    assert follow_gain(Follows(("nobody",), ("no such tag",)), index, rows).tolist() == [0.0, 0.0, 0.0]


def test_a_user_who_follows_nothing_has_no_follows():
    assert follows_of(UserMetadata(blocked_tags=("x",))) is None
    assert follows_of(UserMetadata(followed_tags=("Ärger",))) == Follows((), ("ärger",))


def test_the_gain_is_part_of_the_explained_score(index):
    policy = RuleBook(index).policy("u", UserMetadata(followed_creators=("ada",)), NOW)
    ranked = rank(Profile(), index, NOW, policy)
    position = ranked.position_of(0)
    [part] = [one for one in contributions(ranked, Weights(), position) if one.name == ADJUSTMENT]
    assert part.contribution > 0
