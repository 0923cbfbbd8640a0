"""`recomind replay` folds as workers do."""

import json

from recomind.offline.rebuild import RebuiltState
from recomind.state.neighbours import Neighbours
from recomind.stream.codec import decode_record
from tests.unit.stream.records import LOG, action_record


def rebuilt(actions):
    state = RebuiltState()
    for offset, (kind, video, undo) in enumerate(actions):
        body = {"user_id": "u", "video_id": video, "action_type": kind, "undo": undo}
        state.apply_record(decode_record(action_record(json.dumps(body).encode(), offset, 0), LOG), -1)
    return state


def test_undone_likes_of_any_age_leave_counts_scores_and_likers():
    likes = [("like", f"v{number}", False) for number in range(300)]
    state = rebuilt([*likes, *(("like", f"v{number}", True) for number in range(0, 300, 2))])
    assert state.profiles["u"].like_count == 150
    for number in range(300):
        popularity, around = state.popularity[f"v{number}"], state.neighbours.get(f"v{number}", Neighbours())
        left = number % 2
        assert (popularity.counts.likes, popularity.first_likes, len(around.likers)) == (left, left, left)
