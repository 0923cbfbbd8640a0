"""Makes embeddings and trains the ranker, with scikit-learn: `pip install 'recomind-example[train]'`."""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recomind.model.events import Action
from recomind.offline.datasets import read_actions, read_videos
from recomind.offline.evaluation import Replay
from recomind.recommender.extensions.protocols import OUTCOME_FEATURES, RankingRequest, Source
from recomind.recommender.extensions.registry import Extensions
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.policy.policy import Policy
from recomind_example.embeddings import Embeddings
from recomind_example.logistic import Model, columns_of

OTHERS = 30
"""Candidates that were not liked, for each one that was."""


class Examples(NamedTuple):
    """What a model is trained on."""

    names: tuple[str, ...]
    features: NDArray[np.float64]
    """Shape (examples, features)."""
    liked: NDArray[np.bool_]
    """Shape (examples,)."""


def embed(actions: Sequence[Action], dimensions: int = 32) -> Embeddings:
    """Embeddings by a truncated singular value decomposition of who liked what, each user's row of length 1."""
    from scipy.sparse import csr_array
    from sklearn.decomposition import TruncatedSVD

    pairs = sorted({(one.user_id, one.video_id) for one in actions if one.action_type == "like"})
    users = {user: number for number, user in enumerate(dict.fromkeys(user for user, _ in pairs))}
    videos = {video: number for number, video in enumerate(dict.fromkeys(video for _, video in pairs))}
    rows, columns = [users[user] for user, _ in pairs], [videos[video] for _, video in pairs]
    likes = np.bincount(rows)[rows]
    matrix = csr_array((1 / np.sqrt(likes), (rows, columns)), (len(users), len(videos)))
    svd = TruncatedSVD(min(dimensions, min(matrix.shape) - 1), random_state=1).fit(matrix)
    return Embeddings(list(videos), (svd.components_.T * svd.singular_values_).astype(np.float32))


def until(actions: Sequence[Action], share: float) -> int:
    """The number of actions until so large a share of the likes has happened."""
    likes = list(accumulate(one.action_type == "like" for one in actions))
    return int(np.searchsorted(likes, share * likes[-1])) + 1 if likes else 0


class Recorder:
    """A ranker that remembers what it was given, and orders candidates as the hybrid does."""

    request: RankingRequest

    def score(self, request: RankingRequest, index: VideoIndex) -> NDArray[np.float64]:
        """The hybrid's scores."""
        del index
        self.request = request
        return request.scores


def examples_of_log(folder: Path, start: float, stop: float, source: Source | None, seed: int = 1) -> Examples:
    """Examples from a log: at each like, the liked video and some other candidates, as they were before the like.

    Args:
        folder: of the log.
        start: share of the likes that are only learned by the engine.
        stop: share of the likes after which nothing is read: the rest is for the evaluation.
        source: takes part in the lists, and is a feature.
        seed: of the choice of other candidates.
    """
    actions = list(read_actions(folder))
    extensions, recorder = Extensions(), Recorder()
    extensions.add("ranker", "recorder", recorder)
    if source is not None:
        extensions.add("source", "nearest", source)
        extensions.active = frozenset({"nearest"})
    replay, draw = Replay(read_videos(folder), extensions=extensions), np.random.default_rng(seed)
    first, features, liked = until(actions, start), list[NDArray[np.float64]](), list[NDArray[np.bool_]]()
    for number, action in enumerate(actions[: until(actions, stop)]):
        if number >= first and action.action_type == "like":
            replay.engine.recommend(action.user_id, 10, action.timestamp, policy=Policy(ranker="recorder"))
            row = replay.engine.index.rows.get(action.video_id, -1)
            is_liked = recorder.request.rows == row
            if is_liked.any():
                others = draw.choice(len(is_liked), min(OTHERS, len(is_liked)), replace=False)
                chosen = np.unique(np.append(others, np.flatnonzero(is_liked)))
                features.append(np.column_stack([values for _, values in columns_of(recorder.request)])[chosen])
                liked.append(is_liked[chosen])
        replay.observe(action)
    names = tuple(name for name, _ in columns_of(recorder.request))
    return Examples(names, np.concatenate(features), np.concatenate(liked))


def examples_of_served(folder: Path) -> Examples:
    """Examples from exported served lists: each place with an outcome, and whether it was liked."""
    from pyarrow import dataset

    table = dataset.dataset(folder, format="parquet").to_table([*OUTCOME_FEATURES, "outcome"])
    outcomes = np.array(table["outcome"].to_pylist(), object)
    features = np.column_stack([table[name].to_numpy() for name in OUTCOME_FEATURES])
    known = np.array([bool(outcome) for outcome in outcomes], np.bool_) & np.isfinite(features).all(axis=1)
    return Examples(OUTCOME_FEATURES, features[known].astype(float), outcomes[known] == "like")


def fit(examples: Examples) -> Model:
    """Train a model.

    Raises:
        ValueError: all examples, or none, are likes.
    """
    from sklearn.linear_model import LogisticRegression

    if examples.liked.all() or not examples.liked.any():
        raise ValueError(f"{len(examples.liked)} examples, of which all or none are likes: there is nothing to learn")
    means, deviations = examples.features.mean(axis=0), examples.features.std(axis=0)
    deviations = np.where(deviations > 1e-9, deviations, 1.0)
    unit = Model(examples.names, tuple(means.tolist()), tuple(deviations.tolist()), (), 0.0)
    standard = np.clip((examples.features - means) / deviations, -8, 8)
    found = LogisticRegression(C=0.1, max_iter=1_000).fit(standard, examples.liked)
    return Model(unit.names, unit.means, unit.deviations, tuple(found.coef_[0].tolist()), float(found.intercept_[0]))
