"""Logs as CSV files."""

import gzip

import pytest

from recomind.errors import InputError
from recomind.model.events import Action
from recomind.offline.datasets import LineFault, read_actions, read_changes, read_videos


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


def write_videos(folder, *lines, header="video_id,title,tags,created_at", encoding="utf-8"):
    (folder / "videos.csv").write_bytes("\n".join([header, *lines, ""]).encode(encoding))
    return folder


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",T,,", "video_id must be"),
        ("a\x01b,T,,", "video_id must be"),
        ("x" * 300 + ",T,,", "video_id must be"),
        ("v,,,", "title"),
        ("v,T," + "|".join(map(str, range(500))) + ",", "tags"),
        ("v,a\0b,,", "title"),
        ("v,T,,nan", "no time"),
        ("v,T,,soon", "no time"),
        ("v,T,,-1e30", "created_at"),
        ("v,T", "too few columns"),
        ("v,T,,,,", "too many columns"),
        ("v," + "x" * 200_000 + ",,", "field larger"),
    ],
)
def test_a_bad_line_is_reported_and_the_others_are_read(tmp_path, line, reason):
    before, fault, after = read_changes(write_videos(tmp_path, "v1,T,,", line, "v2,T,,"))
    assert (before.video_id, after.video_id) == ("v1", "v2")
    assert isinstance(fault, LineFault)
    assert fault.line == 3
    assert reason in fault.reason


def test_the_line_of_a_fault_counts_lines_within_values(tmp_path):
    _, fault = read_changes(write_videos(tmp_path, 'v1,"two\nlines",,', "v2,,,"))
    assert fault.line == 4


def test_a_line_that_is_not_utf_8_is_reported(tmp_path):
    fault, good = read_changes(write_videos(tmp_path, "v1,Fantômas,,", "v2,T,,", encoding="latin-1"))
    assert fault == LineFault(2, "not UTF-8: convert the file")
    assert good.video_id == "v2"


def test_a_byte_order_mark_is_skipped_and_milliseconds_are_read(tmp_path):
    [video] = read_videos(write_videos(tmp_path, "v,T,,1700000000000", encoding="utf-8-sig"))
    assert video.created_at == 1.7e9
    (tmp_path / "actions.csv").write_text(
        "\ufeffuser_id,video_id,action_type,timestamp\nu,v,like,1700000000500\n", encoding="utf-8"
    )
    assert [action.timestamp for action in read_actions(tmp_path)] == [1700000000.5]


def test_a_file_without_a_needed_column_is_refused(tmp_path):
    with pytest.raises(InputError, match="lack the column title"):
        list(read_changes(write_videos(tmp_path, "v", header="video_id")))


def test_the_columns_url_and_creator_id_are_read(tmp_path):
    header = "video_id,title,url,creator_id"
    [video] = read_videos(write_videos(tmp_path, "v,T,https://x,c", header=header))
    assert (video.url, video.creator_id) == ("https://x", "c")


def test_a_damaged_file_is_refused(tmp_path):
    (tmp_path / "videos.csv.gz").write_bytes(gzip.compress(b"video_id,title\n" + b"v,T\n" * 999)[:30])
    with pytest.raises(InputError, match="cannot be read"):
        list(read_changes(tmp_path))


@pytest.mark.parametrize("line", ["u,v,love,1", ",v,like,1", "u,v,like,nan", "u,v,like", "u,a\x01b,like,1"])
def test_an_action_that_would_become_a_dead_letter_is_refused(tmp_path, line):
    (tmp_path / "actions.csv").write_text(f"user_id,video_id,action_type,timestamp\nu,v,like,1\n{line}\n")
    with pytest.raises(InputError, match="line 3"):
        list(read_actions(tmp_path))
