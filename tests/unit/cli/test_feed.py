"""`recomind feed`: a log's actions with their times, or moved so that the log ends now."""

import time

import pytest

from recomind.cli.feed import feed_folder, last_time
from recomind.errors import InputError
from recomind.settings import Settings
from recomind.stream import log_replay

LINES = "user_id,video_id,action_type,timestamp\nu,a,like,1000\nu,b,view,3000\nu,c,skip,2000\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "actions.csv").write_text(LINES)
    return tmp_path


@pytest.fixture
def sent(monkeypatch):
    """The actions that are sent."""
    found = []

    async def replay_log(settings, actions, **options):
        found.extend(actions)
        return len(found)

    monkeypatch.setattr(log_replay, "replay_log", replay_log)
    return found


def test_the_times_are_those_of_the_file(folder, sent):
    assert feed_folder(Settings(), folder, speed=None, limit=None) == 3
    assert [one.timestamp for one in sent] == [1000.0, 3000.0, 2000.0]


def test_a_log_can_end_now(folder, sent):
    now = time.time()
    feed_folder(Settings(), folder, speed=None, limit=None, later=now - last_time(folder, None))
    assert [one.timestamp for one in sent] == [now - 2000, now, now - 1000]


def test_a_log_without_actions_cannot_end_now(tmp_path):
    (tmp_path / "actions.csv").write_text(LINES.splitlines()[0])
    with pytest.raises(InputError, match="has no actions"):
        last_time(tmp_path, None)
