"""`make` says what it does from the first second on, also where its output goes through a pipe."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SET_BY_AN_OUTER_MAKE = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
PIP_THAT_TAKES_LONG = """#!/bin/sh
[ "$2" = pip ] || exit 0
exec {python} -c 'import time; print("Collecting aiohttp"); time.sleep(60)'
"""


@pytest.mark.parametrize("target", ["demo", "test"])
def test_a_first_run_shows_progress_while_pip_works(tmp_path, target):
    for name in ("Makefile", "requirements.lock", "requirements-dev.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    program = tmp_path / ".venv" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text(PIP_THAT_TAKES_LONG.format(python=sys.executable))
    program.chmod(0o755)
    started = time.monotonic()
    make = subprocess.Popen(
        ["make", target],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name not in SET_BY_AN_OUTER_MAKE},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        lines = [make.stdout.readline() for _ in range(2)]
        assert time.monotonic() - started < 15
        assert lines[0].startswith("Installing RecoMind and what it needs into .venv")
        assert lines[1] == "Collecting aiohttp\n"
    finally:
        os.killpg(make.pid, signal.SIGKILL)
        make.wait()
        make.stdout.close()


@pytest.mark.parametrize("target", ["lint", "types", "imports", "pytest"])
def test_each_part_of_make_test_says_what_it_does(target):
    recipe = (ROOT / "Makefile").read_text().partition(f"\n{target}: ")[2].partition("\n\n")[0]
    assert recipe.splitlines()[1].startswith('\t@echo "')
