"""The source: neighbours of what the user liked, by embeddings in a file."""

import numpy as np
import pytest
from recomind_example.embeddings import Embeddings, read_embeddings, write_embeddings
from recomind_example.nearest import VARIABLE, Nearest

from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.signals import SourceOffset
from recomind.offline.engine import Engine
from recomind.recommender.extensions.protocols import Source
from recomind.recommender.extensions.registry import Extensions
from recomind.recommender.policy.policy import Policy

VECTORS = {"cat1": (1, 0), "cat2": (0.9, 0.1), "cat3": (0.8, 0.3), "dog1": (0, 1), "dog2": (0.1, 0.9), "gone": (1, 0)}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "vectors.npz"
    write_embeddings(path, Embeddings(list(VECTORS), np.array(list(VECTORS.values()), np.float32)))
    return path


def engine_with(source):
    extensions = Extensions()
    extensions.add("source", "nearest", source)
    engine = Engine(learning=False, policy=Policy(ranker="source:nearest", exploration=0.0), extensions=extensions)
    for video_id in ("dog1", "dog2", "cat1", "without a vector", "cat2"):
        engine.put_video(Video(video_id=video_id))
    return engine


def listed(engine, user="me"):
    return [pick.video_id for pick in engine.recommend(user, 10).picks]


def like(engine, video_id, at=1e9):
    engine.observe(Action("me", video_id, "like", at), SourceOffset(0, int(at)))


def test_it_is_a_source(file):
    assert isinstance(Nearest(str(file)), Source)


def test_the_nearest_videos_come_first_and_videos_that_are_added_are_found(file):
    engine = engine_with(Nearest(str(file)))
    like(engine, "cat1")
    assert listed(engine) == ["cat2", "dog2"]
    engine.put_video(Video(video_id="cat3"))
    assert listed(engine) == ["cat2", "cat3", "dog2"]


def test_later_likes_count_more(file):
    engine = engine_with(Nearest(str(file)))
    engine.put_video(Video(video_id="cat3"))
    like(engine, "cat1")
    like(engine, "dog1", 1e9 + 1)
    assert listed(engine) == ["cat3", "dog2", "cat2"]


def test_without_a_like_of_a_known_video_nothing_is_proposed(file):
    engine = engine_with(Nearest(str(file)))
    assert listed(engine) == []
    like(engine, "without a vector")
    assert listed(engine) == []


def test_one_source_serves_several_indexes(file):
    source = Nearest(str(file))
    first, second = engine_with(source), engine_with(source)
    second.put_video(Video(video_id="cat3"))
    for engine in (first, second):
        like(engine, "cat1")
    assert listed(first) == ["cat2", "dog2"]
    assert listed(second) == ["cat2", "cat3", "dog2"]


def test_csv_holds_the_same(file, tmp_path):
    path = tmp_path / "vectors.csv"
    path.write_text("\n".join(f"{name},{x},{y}" for name, (x, y) in VECTORS.items()))
    ids, vectors = read_embeddings(path)
    assert ids == list(VECTORS)
    assert vectors == pytest.approx(read_embeddings(file).vectors, abs=1e-6)


@pytest.mark.parametrize("text", ["a,1,2\nb,1\n", "a,1,nan\n", "a,x,2\n", ""])
def test_a_file_that_holds_no_embeddings_is_refused(tmp_path, text):
    (tmp_path / "vectors.csv").write_text(text)
    with pytest.raises(ValueError):  # noqa: PT011 the message is NumPy's for one of these
        read_embeddings(tmp_path / "vectors.csv")


def test_without_a_file_it_says_which_variable_to_set(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(ValueError, match="set EXAMPLE_EMBEDDINGS to a file"):
        Nearest()
