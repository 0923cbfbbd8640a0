"""Every example runs unchanged and prints the expected output."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from recomind.client import Client

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
EXPECTED_OUTPUT = {
    "first_list.py": "counts the like: True",
    "batch.py": "fan-3 400 video_id has characters that cannot be printed",
    "trending.py": "now: [",
    "explain.py": "Cat on a skateboard: seen",
    "merge.py": "likes of the user: ['skate-cat']",
    "scroll.py": "repeats: 0 [",
    "follow.py": "1 liked, next: [",
    "first_list.sh": "X-RecoMind-After: counted",
    "batch.sh": "207",
    "trending.sh": '[{"video_id":',
    "explain.sh": '"verdict":"seen"',
    "scroll.sh": "page 2: ",
    "follow.sh": "event: list",
}


@pytest.fixture(scope="module")
def trending_list(worker):
    """Wait until the worker has published a trending list."""
    with Client(worker.base_url) as client:
        client.put_video("examples-1", title="T", tags=["funny"])
        client.post_action("examples fan", "examples-1", "like")
        deadline = time.monotonic() + 15
        while not client.trending(n=1):
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.mark.usefixtures("trending_list")
@pytest.mark.parametrize("name", EXPECTED_OUTPUT)
def test_an_example_prints_the_expected_output(worker, name):
    interpreter = [sys.executable] if name.endswith(".py") else ["bash"]
    finished = subprocess.run(
        [*interpreter, EXAMPLES / name, worker.base_url], capture_output=True, text=True, timeout=60, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert EXPECTED_OUTPUT[name] in finished.stdout


def test_every_example_is_tested():
    assert {file.name for file in EXAMPLES.iterdir() if file.suffix in {".py", ".sh"}} == EXPECTED_OUTPUT.keys()
