"""`recomind evaluate`: progress where there is no terminal."""

from recomind.cli.evaluate import _progress_lines


def test_progress_is_a_line_for_each_tenth(capsys):
    advance = _progress_lines("replaying log", 40)
    for _ in range(40):
        advance(1)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"replaying log: {percent} %" for percent in range(10, 101, 10)]
