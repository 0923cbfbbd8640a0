"""Rankers and extensions over HTTP. No Kafka, Redis or PostgreSQL runs."""

import pytest
from aiohttp.test_utils import TestClient, TestServer

from recomind.dev.stack.server import free_port
from recomind.model.catalogue import Video
from recomind.model.experiments import Arm, Experiment, ExperimentRecord
from recomind.model.rules import RuleRecord, Scenario, check_scenario
from recomind.model.text import InvalidFieldError
from recomind.recommender.explain.evidence import Evidence
from recomind.recommender.policy.policy import ListRequest
from recomind.settings import Settings
from recomind.state.profile import Profile
from recomind.worker import build
from recomind_web.explain import _explanation

BROKEN = "ranker:broken=tests.unit.recommender.extensions.engines:BrokenRanker"
SETTINGS = Settings(
    kafka_brokers="127.0.0.1:1",
    postgres_dsn="postgresql://127.0.0.1:1/x",
    redis_url=f"redis://127.0.0.1:{free_port()}",
    extensions=BROKEN,
)


@pytest.fixture
def app():
    made = build(SETTINGS)
    for number in range(3):
        made.ranking_cache.index.put_video(Video(video_id=f"v{number}", created_at=1e9 + number))
    return made


@pytest.fixture
async def client(app):
    async with TestClient(TestServer(app.web.web_app)) as made:
        yield made


async def test_a_ranker_that_fails_gives_the_list_of_the_hybrid_and_says_so(client):
    expected = await (await client.get("/recommendations/u?ranker=hybrid")).json()
    async with client.get("/recommendations/u?ranker=broken") as answer:
        assert answer.status == 200
        assert answer.headers["X-RecoMind-Ranker"] == "hybrid"
        assert await answer.json() == expected
    metrics = await (await client.get("/metrics")).text()
    assert 'recomind_extension_faults_total{cause="error",kind="ranker",name="broken"} 1.0' in metrics


async def test_a_ranker_that_works_is_named(client):
    async with client.get("/recommendations/u?ranker=source:fresh&n=2") as answer:
        assert answer.headers["X-RecoMind-Ranker"] == "source:fresh"
        assert [one["video_id"] for one in await answer.json()] == ["v2", "v1"]


async def test_a_ranker_is_shown_alone_also_to_a_user_whose_lists_are_interleaved(app, client):
    arms = (Arm(name="A", ranker="popularity"), Arm(name="B", ranker="random"))
    experiment = Experiment(arms=arms, mode="interleaving")
    app.ranking_cache.experiments.apply(ExperimentRecord("look", experiment, created_at=1.0))
    app.ranking_cache.experiments.advance(1e9)
    assert app.ranking_cache.policy(ListRequest("u")).rival is not None
    async with client.get("/recommendations/u?ranker=source:fresh") as answer:
        assert [one["video_id"] for one in await answer.json()] == ["v2", "v1", "v0"]


async def test_an_unknown_ranker_is_refused_in_the_words_of_scenarios_and_arms(app, client):
    async with client.get("/recommendations/u?ranker=no+such") as answer:
        assert answer.status == 400
        problem = await answer.json()
    assert problem["field"] == "ranker"
    with pytest.raises(InvalidFieldError) as error:
        check_scenario("s", Scenario(ranker="no such"), app.ranking_cache.extensions.names)
    assert problem["detail"] == str(error.value)
    assert "there is no ranker no such, but broken, hybrid, " in problem["detail"]


async def test_a_list_of_an_arm_whose_ranker_fails_is_served_and_says_so_in_its_event(app, client):
    cache, recorded = app.ranking_cache, app.served_lists._recorded
    arms = (Arm(name="A"), Arm(name="B", ranker="broken"))
    cache.experiments.advance(100.0)
    cache.experiments.apply(ExperimentRecord("e", Experiment(arms=arms, forced={"a": "A", "b": "B"}), 1.0))
    shown = {}
    for user in ("a", "b"):
        async with client.get(f"/recommendations/{user}") as answer:
            assert answer.status == 200
            assert answer.headers["X-RecoMind-Arms"] == f"e={user.upper()}"
            assert "X-RecoMind-Ranker" not in answer.headers
            shown[user] = await answer.json()
    assert shown["a"] == shown["b"]
    found = [(one.asked.user_id, one.served.shown_meta.is_ranker_left_out) for one in recorded]
    assert found == [("a", False), ("b", True)]


def test_an_explanation_says_what_is_left_out(app):
    cache = app.ranking_cache
    cache.rules.apply(RuleRecord("scenario", "broken", None, Scenario(ranker="broken")))
    evidence = Evidence(Profile(), cache.index, {}, {}, 1e9)
    asked = ListRequest("u", "broken")
    assert _explanation(app, asked, "v1", None, evidence).left_out == ("ranker broken: RuntimeError: out of order",)
    assert _explanation(app, ListRequest("u"), "v1", None, evidence).left_out == ()


def test_sources_that_a_ranker_with_its_own_ignores_are_told(app):
    """Records of other versions may hold them together: the ranker's own sources propose."""
    cache = app.ranking_cache
    cache.rules.apply(RuleRecord("scenario", "popular", None, Scenario(ranker="popularity")))
    arms = (Arm(name="A"), Arm(name="B", sources=("tags",)))
    experiment = Experiment(arms=arms, scenario="popular", forced={"a": "A", "b": "B"})
    cache.experiments.advance(100.0)
    cache.experiments.apply(ExperimentRecord("e", experiment, 1.0))
    evidence, asked = Evidence(Profile(), cache.index, {}, {}, 1e9), [ListRequest(user, "popular") for user in "ab"]
    told = [_explanation(app, one, "v1", None, evidence).left_out for one in asked]
    assert told == [(), ("sources tags: the ranker popularity has sources of its own",)]
    lists = [cache.list_for(Profile(), 5, cache.policy(one)).videos for one in asked]
    assert lists[0] == lists[1]
