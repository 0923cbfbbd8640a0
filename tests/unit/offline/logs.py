"""Logs of simulated users for the tests of offline evaluation."""

import numpy as np

from recomind.dev.simulator import Audience
from recomind.model.events import Action


def simulated_log(count=3000, seed=5):
    """Actions of 30 simulated users on 120 videos, one every ten seconds."""
    audience, rng = Audience(30, 120, seed), np.random.default_rng(seed)
    for at in range(count):
        user_id, video_id = audience.users[rng.integers(30)], audience.pick_video()
        yield Action(user_id, video_id, audience.react(user_id, video_id), 1e9 + 10 * at)
