"""Logs as CSV files."""

import gzip

import pytest

from recomind.errors import InputError
from recomind.model.events import Action
from recomind.offline.datasets import read_actions, read_videos


def test_logs_are_read_plain_and_gzipped(tmp_path):
    (tmp_path / "actions.csv").write_text("user_id,video_id,action_type,timestamp\nu,v,like,12.5\n")
    with gzip.open(tmp_path / "videos.csv.gz", "wt") as file:
        file.write("video_id,title,tags,created_at\nv,T,a|b|,1970-01-02\nw,U,,\n")
    assert list(read_actions(tmp_path)) == [Action("u", "v", "like", 12.5)]
    first, second = read_videos(tmp_path)
    assert (first.tags, first.created_at, second.tags) == (("a", "b"), 86400.0, ())


def test_an_invalid_line_is_named(tmp_path):
    (tmp_path / "actions.csv").write_text("user_id,video_id,action_type,timestamp\nu,v,like,soon\n")
    with pytest.raises(InputError, match="line 2"):
        list(read_actions(tmp_path))


def test_a_missing_log_is_refused_with_the_expected_file_names(tmp_path):
    with pytest.raises(InputError, match=r"actions\.csv"):
        list(read_actions(tmp_path))
