"""A recorded log is checked before anything starts, and its times are moved to now."""

from time import time

import pytest

from recomind.dev.demo.recorded_log import read_log
from recomind.errors import InputError


@pytest.fixture
def folder(tmp_path):
    """A log of three actions in 2022."""
    (tmp_path / "videos.csv").write_text("video_id,title,tags,created_at\na,A,x,2022-01-01\nb,B,y,\nc,C,y,2022-04-01\n")
    (tmp_path / "actions.csv").write_text(
        "user_id,video_id,action_type,timestamp\nu,c,like,1650000000\nw,c,like,1650000100\nw,b,like,1650000200\n"
    )
    return tmp_path


def test_the_log_ends_now_and_keeps_its_distances(folder):
    log, now = read_log(folder, None, print), time()
    times = [action.timestamp for action in log.shifted_actions(now - log.last_at)]
    assert times == pytest.approx([now - 200, now - 100, now])
    uploads = {video.video_id: video.created_at for video in log.shifted_videos(now - log.last_at)}
    assert uploads["c"] - uploads["a"] == pytest.approx(90 * 86_400)
    assert uploads["b"] == 0.0
    assert all(video.created_at <= time() for video in log.shifted_videos(1e9))


def test_the_examples_are_its_most_liked_videos(folder):
    assert read_log(folder, None, print).popular == ("c", "b")


def test_a_limit_ends_the_log_earlier(folder):
    log = read_log(folder, 2, print)
    assert (log.actions, log.last_at) == (2, 1650000100)


@pytest.mark.parametrize("missing", ["videos.csv", "actions.csv"])
def test_a_missing_file_is_told_at_once(folder, missing):
    (folder / missing).unlink()
    with pytest.raises(InputError, match=missing):
        read_log(folder, None, print)


def test_a_log_without_actions_is_refused(folder):
    (folder / "actions.csv").write_text("user_id,video_id,action_type,timestamp\n")
    with pytest.raises(InputError, match="3 videos and 0 actions"):
        read_log(folder, None, print)
