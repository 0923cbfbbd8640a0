"""The engine as a policy of the shared closed-loop referee.

closed_loop.py --users 300 --plugin tests/benchmarks/closed_loop_plugin.py:RecoMind
"""

from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.signals import SourceOffset
from recomind.offline.engine import Engine


class RecoMind:
    """The engine with its default configuration."""

    def __init__(self, videos):
        self.engine = Engine()
        self.offset = 0
        for video in videos:
            self.add_video(video)

    def add_video(self, video):
        self.engine.put_video(Video(**{**video, "tags": tuple(video["tags"])}))

    def observe(self, user_id, video_id, action, ts):
        self.engine.observe(Action(user_id, video_id, action, ts), SourceOffset(0, self.offset))
        self.offset += 1

    def recommend(self, user_id, n, ts):
        return [pick.video_id for pick in self.engine.serve(user_id, n, ts).picks]
