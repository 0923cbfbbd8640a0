"""Every example runs as it stands, and shows what it says."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from recomind.client import Client

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
SHOWS = {
    "first_list.py": "counts the like: True",
    "batch.py": "fan-3 400 video_id has characters that cannot be printed",
    "trending.py": "now: [",
    "explain.py": "Cat on a skateboard: seen",
    "follow.py": "1 liked, next: [",
    "first_list.sh": "X-RecoMind-After: counted",
    "batch.sh": "207",
    "trending.sh": '[{"video_id":',
    "explain.sh": '"verdict":"seen"',
    "follow.sh": "event: list",
}


@pytest.fixture(scope="module")
def something_trends(worker):
    """A worker that has published what trends."""
    with Client(worker.base) as client:
        client.put_video("examples-1", title="T", tags=["funny"])
        client.post_action("examples fan", "examples-1", "like")
        deadline = time.monotonic() + 15
        while not client.trending(n=1):
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.mark.usefixtures("something_trends")
@pytest.mark.parametrize("name", SHOWS)
def test_the_example_shows_what_it_says(worker, name):
    program = [sys.executable] if name.endswith(".py") else ["bash"]
    done = subprocess.run(
        [*program, EXAMPLES / name, worker.base], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert SHOWS[name] in done.stdout


def test_no_example_is_left_out():
    assert {file.name for file in EXAMPLES.iterdir() if file.suffix in {".py", ".sh"}} == SHOWS.keys()
