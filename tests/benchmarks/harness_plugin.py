"""RecoMind as a plug-in of the reference evaluation harness: `--plugin tests/benchmarks/harness_plugin.py:RecoMind`.

Its HR@10 and NDCG@10 must equal those of `recomind evaluate` on the same log.
"""

from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.offline.datasets import parse_time
from recomind.offline.evaluation import LIST_SIZE, Replay


class RecoMind:
    """Observes and recommends with the replay that `recomind evaluate` runs."""

    def __init__(self, videos):
        rows = videos.fillna("").astype(str).itertuples()
        self._replay = Replay(
            Video(
                video_id=row.video_id,
                title=row.title,
                tags=tuple(dict.fromkeys(tag for tag in row.tags.split("|") if tag)),
                created_at=parse_time(row.created_at) if row.created_at else 0.0,
            )
            for row in rows
        )

    def observe(self, user_id, video_id, action_type, ts):
        self._replay.observe(Action(str(user_id), str(video_id), action_type, float(ts)))

    def recommend(self, user_id, n, ts):
        slate = self._replay.engine.recommend(str(user_id), min(n, LIST_SIZE), float(ts))
        return [int(pick.video_id) if pick.video_id.isdigit() else pick.video_id for pick in slate.picks]
