"""The engine as a policy of the shared closed-loop referee.

closed_loop.py --users 300 --plugin tests/benchmarks/closed_loop_plugin.py:RecoMind
closed_loop.py --users 300 --context 0.8 --plugin tests/benchmarks/closed_loop_plugin.py:RecoMindWithContext
"""

import json

from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.local_context import local_key
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


class RecoMindWithContext(RecoMind):
    """The same, where actions and requests say the country and the local hour."""

    takes_context = True

    def observe(self, user_id, video_id, action, ts, context):
        told = json.dumps({"country": country_of(context), "local_hour": context["hour"]})
        self.engine.observe(Action(user_id, video_id, action, ts, context=told), SourceOffset(0, self.offset))
        self.offset += 1

    def recommend(self, user_id, n, ts, context):
        local = local_key(country_of(context), context["hour"])
        return [pick.video_id for pick in self.engine.serve(user_id, n, ts, local).picks]


def country_of(context):
    """A code of two letters for a country of the referee, `k0` to `k4`."""
    return "K" + chr(ord("A") + int(context["country"][1:]))
