"""Engines with a small history, and extensions of every kind, for tests."""

import numpy as np

from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.signals import SourceOffset
from recomind.offline.engine import Engine
from recomind.recommender.candidates.types import Candidates
from recomind.recommender.extensions.registry import Extensions
from recomind.recommender.policy.policy import Policy

START = 1e9
VIDEOS = 40


def engine_with(ranker="", extensions=None, **policy):
    """An engine of 40 videos by turns about cats and dogs; cats, and low numbers, are liked more.

    The user `me` has liked v0.
    """
    extensions = extensions or Extensions()
    engine = Engine(learning=False, exploration=0.0, policy=Policy(ranker=ranker, **policy), extensions=extensions)
    for number in range(VIDEOS):
        tags = ("dog",) if number % 2 else ("cat",)
        engine.put_video(Video(video_id=f"v{number}", tags=tags, created_at=START - number))
    at = 0
    for user in range(20):
        for number in range(0, 20 - user, 1 + user % 2):
            engine.observe(Action(f"u{user}", f"v{number}", "like", START + at), SourceOffset(0, at))
            at += 1
    engine.observe(Action("me", "v0", "like", START + at), SourceOffset(0, at))
    return engine


def listed(engine, user="me", n=10):
    return [pick.video_id for pick in engine.recommend(user, n).picks]


class Backwards:
    """A ranker that orders candidates by their row, the highest first."""

    def score(self, request, index):
        return request.rows.astype(float)


class Proposes:
    """A source that proposes some videos, the first best."""

    def __init__(self, *video_ids):
        self.video_ids = video_ids

    def propose(self, user, index):
        rows = [index.rows[video_id] for video_id in self.video_ids]
        return Candidates(np.array(rows, np.int64), 1 / np.arange(1, len(rows) + 1))


class Raises:
    """An extension of every kind that raises."""

    def propose(self, *_):
        raise RuntimeError("out of order")

    score = permits = arrange = propose


class BrokenRanker:
    """A ranker that raises."""

    def score(self, request, index):
        raise RuntimeError("out of order")
