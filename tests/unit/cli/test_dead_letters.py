"""`recomind dead-letters`: what it prints."""

from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from recomind.cli import group
from recomind.settings import Settings
from recomind.stream.dead_letters import DeadLetter

AT = datetime(2026, 11, 24, 23, tzinfo=UTC)


@pytest.fixture
def run(monkeypatch):
    def run_with(*dead_letters, words=("list",)):
        async def read(_):
            return {one.key: one for one in dead_letters}

        monkeypatch.setattr("recomind.stream.dead_letters.read_dead_letters", read)
        monkeypatch.setattr("recomind.cli.dead_letters.load_server_settings", Settings)
        return CliRunner().invoke(group, ["dead-letters", *words])

    return run_with


def test_a_record_cannot_control_the_terminal(run):
    output = run(DeadLetter("t:0:1", AT, "bad \x1b[31m", "", 0, b"\x1b]0;title\x07\x1b[2J Zo\xc3\xab \xff")).output
    assert "\x1b" not in output
    assert "\x07" not in output
    assert "\\x1b]0;title\\x07\\x1b[2J Zoë" in output


def test_an_empty_list_says_so(run):
    done = run()
    assert (done.stdout, done.stderr) == ("", "there are no dead letters\n")
    resent = run(DeadLetter("t:0:1", AT, "bad", "", 0, b"x", "0:7"))
    assert (resent.stdout, "1 were resent" in resent.stderr) == ("", True)


def test_the_help_shows_the_steps_as_lines(run):
    output = run(words=("--help",)).output
    assert "\\b" not in output
    assert "\n  recomind dead-letters list --json > letters\n" in output
