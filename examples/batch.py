"""Post a batch of actions. Each action has its own outcome, so an invalid one does not affect the others."""

import sys

from recomind.client import Client
from recomind.model.events import VideoAction

BASE = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:6066"

actions = [VideoAction(user_id=f"fan-{number}", video_id="skate-cat", action_type="like") for number in range(3)]
actions.append(VideoAction(user_id="fan-3", video_id="line\nbreak", action_type="like"))

with Client(BASE) as client:
    for action, outcome in zip(actions, client.post_actions(actions), strict=True):
        print(action.user_id, outcome.status, outcome.token or outcome.detail)
