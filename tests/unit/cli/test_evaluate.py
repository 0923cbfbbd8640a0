"""`recomind evaluate`: progress where there is no terminal, and rankers of one's own."""

import gzip
import json

import pytest
from click.testing import CliRunner

from recomind.cli import group
from recomind.cli.evaluate import _progress_lines
from recomind.dev.simulator import Audience
from tests.unit.offline.logs import simulated_log

BROKEN = "ranker:broken=tests.unit.recommender.extensions.engines:BrokenRanker"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small log."""
    made = tmp_path_factory.mktemp("log")
    with gzip.open(made / "actions.csv.gz", "wt") as file:
        file.write("user_id,video_id,action_type,timestamp\n")
        for one in simulated_log(300):
            file.write(f"{one.user_id},{one.video_id},{one.action_type},{one.timestamp}\n")
    with gzip.open(made / "videos.csv.gz", "wt") as file:
        file.write("video_id,title,tags\n")
        for one in Audience(30, 120, 5).videos:
            file.write(f"{one.video_id},{one.title},{'|'.join(one.tags)}\n")
    return made


def evaluate(*arguments, **environ):
    return CliRunner().invoke(group, ["evaluate", *map(str, arguments)], env=environ)


def test_progress_is_a_line_for_each_tenth(capsys):
    advance = _progress_lines("replaying log", 40)
    for _ in range(40):
        advance(1)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"replaying log: {percent} %" for percent in range(10, 101, 10)]


def test_rankers_are_scored_and_what_is_left_out_is_named(folder):
    found = evaluate(folder, "--ranker", "popularity", "--ranker", "broken", "--json", RECOMIND_EXTENSIONS=BROKEN)
    assert found.exit_code == 0, found.output
    details = json.loads(found.stdout)["details"]
    assert details["ranker popularity"]["likes"] == details["ranker broken"]["likes"] > 10
    assert details["ranker broken"]["hr_at_10"] == json.loads(found.stdout)["hr_at_10"]
    assert f"left out of {details['ranker broken']['likes']} lists: the ranker broken: RuntimeError" in found.stderr


@pytest.mark.parametrize("option", ["--ranker", "--active"])
def test_an_unknown_extension_is_refused(folder, option):
    found = evaluate(folder, option, "no such")
    assert found.exit_code != 0
    assert f"{option}" in str(found.exception or found.output)
    assert "no such" in str(found.exception or found.output)


def test_the_closed_loop_says_how_much_of_the_gap_place_and_hour_have_won():
    found = evaluate("--closed-loop", "--users", "3", "--context", "0.8")
    assert found.exit_code == 0, found.output
    verdict = found.output.splitlines()[-1]
    assert verdict.startswith("share of the gap that place and hour win: ")
    assert verdict.endswith(("the bar of 50%: holds (with one seed)", "the bar of 50%: missed (with one seed)"))
