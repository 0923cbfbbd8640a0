"""Prequential evaluation."""

from recomind.dev.simulator import Audience
from recomind.offline.evaluation import Evaluation
from recomind.offline.report import make_report
from tests.unit.offline.logs import simulated_log


def test_the_lists_of_several_rankers_are_scored_in_one_replay():
    rankers = ("hybrid", "popularity", "random")
    evaluation = Evaluation(list(simulated_log()), Audience(30, 120, 5).videos, rankers=rankers)
    scored = evaluation.run()
    assert [one.by_ranker[0] for one in scored] == [one.rank for one in scored]
    assert scored == [
        one._replace(by_ranker=other.by_ranker, by_source=other.by_source)
        for one, other in zip(Evaluation(list(simulated_log()), Audience(30, 120, 5).videos).run(), scored, strict=True)
    ]
    report = make_report(evaluation)
    assert report.rankers["hybrid"] == report.overall
    assert report.rankers["random"].hr_at_10 < report.overall.hr_at_10
    assert report.to_builtins()["details"]["ranker popularity"]["likes"] == report.overall.likes
    assert "ranker random" in dict(report.rows())


def test_nothing_is_learned_from_the_future():
    actions, videos = list(simulated_log(600)), Audience(30, 120, 5).videos
    whole, part = Evaluation(actions, videos), Evaluation(actions[:500], videos)
    part.test_start = whole.test_start
    scored = whole.run()
    assert part.run() == scored[: len(part.scored)]
