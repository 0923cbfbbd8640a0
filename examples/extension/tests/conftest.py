"""An engine with three videos."""

import pytest

from recomind.model.catalogue import Video
from recomind.offline.engine import Engine

NOW = 1.7e9


@pytest.fixture
def engine_of_three():
    """A function that makes an engine with extensions and a policy."""

    def make(extensions, policy):
        engine = Engine(learning=False, policy=policy, extensions=extensions)
        engine.now = NOW
        for hours, video_id in enumerate(("newest", "newer", "new")):
            engine.put_video(Video(video_id=video_id, created_at=NOW - 3600 * (1 + hours)))
        return engine

    return make
