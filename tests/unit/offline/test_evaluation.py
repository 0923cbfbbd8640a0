"""Prequential evaluation."""

from recomind.dev.simulator import Audience
from recomind.offline.evaluation import Evaluation
from tests.unit.offline.logs import simulated_log


def test_nothing_is_learned_from_the_future():
    actions, videos = list(simulated_log(600)), Audience(30, 120, 5).videos
    whole, part = Evaluation(actions, videos), Evaluation(actions[:500], videos)
    part.test_start = whole.test_start
    scored = whole.run()
    assert part.run() == scored[: len(part.scored)]
