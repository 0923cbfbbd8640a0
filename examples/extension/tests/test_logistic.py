"""The ranker, and how it is trained."""

import msgspec
import numpy as np
import pytest
from recomind_example.learning import Examples, embed, examples_of_log, examples_of_served, fit, until
from recomind_example.logistic import VARIABLE, Logistic, Model, columns_of
from recomind_example.simulated import write_log

from recomind.offline.world import Size
from recomind.recommender.extensions.protocols import OUTCOME_FEATURES, Ranker
from recomind.recommender.extensions.registry import Extensions
from recomind.recommender.policy.policy import Policy


@pytest.fixture
def model_file(tmp_path):
    """A model that prefers new videos."""
    model = Model(("fresh", "no such feature"), (0.5, 0.0), (0.25, 1.0), (1.0, 5.0), 0.5)
    (tmp_path / "model.json").write_bytes(msgspec.json.encode(model))
    return tmp_path / "model.json"


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """A log of a small simulated world."""
    folder = tmp_path_factory.mktemp("log")
    write_log(folder, Size(users=20, videos=60, uploads_per_day=5, days=2), 1)
    return folder


def test_it_orders_candidates_by_the_log_odds_of_the_model(model_file, engine_of_three):
    ranker, extensions = Logistic(str(model_file)), Extensions()
    assert isinstance(ranker, Ranker)
    extensions.add("ranker", "logistic", ranker)
    picks = engine_of_three(extensions, Policy(ranker="logistic", exploration=0.0)).recommend("me", 3).picks
    assert [pick.video_id for pick in picks] == ["newest", "newer", "new"]
    assert [pick.score for pick in picks] == pytest.approx([2.5, 0.5, 0.5 - 2 / 3])


def test_without_a_file_it_says_which_variable_to_set(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(ValueError, match="set EXAMPLE_MODEL to a file"):
        Logistic()


def test_the_log_is_cut_after_a_share_of_the_likes():
    class Acted:
        def __init__(self, action_type):
            self.action_type = action_type

    actions = [Acted(one) for one in ("view", "like", "skip", "like", "like", "like")]
    assert until(actions, 0.5) == 4
    assert until(actions, 1.0) == 6
    assert until([], 0.5) == 0


def test_a_model_learns_what_decides():
    pytest.importorskip("sklearn", reason="scikit-learn is not installed: it is for training alone")
    draw = np.random.default_rng(1)
    features = draw.normal(3, 2, (2_000, 2))
    liked = draw.random(2_000) < 1 / (1 + np.exp(-(features[:, 1] - 3)))
    model = fit(Examples(("noise", "cause"), features, liked))
    assert model.weights[1] == pytest.approx(2.0, rel=0.15)  # a deviation of 2 is a log odds of 2
    assert abs(model.weights[0]) < 0.3
    assert model.log_odds(np.array([[3.0, 3.0]]))[0] == pytest.approx(0.0, abs=0.2)
    with pytest.raises(ValueError, match="nothing to learn"):
        fit(Examples(("cause",), features[:, :1], np.ones(2_000, np.bool_)))


def test_a_model_that_is_trained_on_a_log_ranks(log, tmp_path, engine_of_three):
    pytest.importorskip("sklearn", reason="scikit-learn is not installed: it is for training alone")
    examples = examples_of_log(log, 0.5, 0.8, None)
    assert 0 < examples.liked.sum() < len(examples.liked)
    assert examples.features.shape == (len(examples.liked), len(examples.names))
    (tmp_path / "model.json").write_bytes(msgspec.json.encode(fit(examples)))
    extensions = Extensions()
    extensions.add("ranker", "logistic", Logistic(str(tmp_path / "model.json")))
    faults = []
    extensions.listeners.append(faults.append)
    assert len(engine_of_three(extensions, Policy(ranker="logistic")).recommend("me", 3).picks) == 3
    assert faults == []


def test_embeddings_of_a_log_put_videos_of_the_same_users_together():
    pytest.importorskip("sklearn", reason="scikit-learn is not installed: it is for training alone")
    from recomind.model.events import Action

    likes = [(f"u{user}", f"{'ab'[user % 2]}{video}") for user in range(20) for video in range(5)]
    ids, vectors = embed([Action(user, video, "like", 1e9) for user, video in likes], 4)
    at = {video_id: vectors[number] for number, video_id in enumerate(ids)}
    assert at["a0"] @ at["a1"] > 10 * abs(at["a0"] @ at["b1"])


def test_examples_come_from_exported_served_lists(tmp_path):
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed: it is for training alone")
    from pyarrow import parquet

    rows = [
        {**dict.fromkeys(OUTCOME_FEATURES, float(number)), "outcome": outcome, "list_id": "L", "place": number}
        for number, outcome in enumerate(("like", "skip", None, "passed over"))
    ]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "served-0.parquet")
    examples = examples_of_served(tmp_path)
    assert examples.names == OUTCOME_FEATURES
    assert examples.features[:, 0].tolist() == [0.0, 1.0, 3.0]
    assert examples.liked.tolist() == [True, False, False]


def test_features_have_distinct_names(engine_of_three):
    class Recorder:
        def score(self, request, index):
            self.names = [name for name, _ in columns_of(request)]
            return request.scores

    recorder, extensions = Recorder(), Extensions()
    extensions.add("ranker", "recorder", recorder)
    engine_of_three(extensions, Policy(ranker="recorder")).recommend("me", 3)
    assert len(set(recorder.names)) == len(recorder.names)
    assert {"trending", "age", "choice", "source factors"} < set(recorder.names)
