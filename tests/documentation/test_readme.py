"""The README's commands, run against a real worker."""

import json
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

README = (Path(__file__).parent.parent.parent / "README.md").read_text()


def test_the_curl_lines_show_a_list_that_changes(worker):
    for n in range(1, 9):
        put = urllib.request.Request(
            f"{worker.base_url}/videos/v{n}", json.dumps({"title": f"T{n}", "tags": ["readme"]}).encode(), method="PUT"
        )
        urllib.request.urlopen(put).close()
    [block] = [block for block in re.findall(r"```bash\n(.*?)```", README, re.DOTALL) if "curl" in block]
    first, like, like_again, last = (
        block.replace("http://127.0.0.1:6066", worker.base_url).replace("n=3", "n=50").strip().splitlines()
    )
    before = run(first)
    assert json.loads(run(like))["status"] == json.loads(run(like_again))["status"] == 202
    time.sleep(1)
    after = json.loads(run(last))
    assert after != json.loads(before)
    assert all(set(video) == {"video_id", "title", "url", "tags"} for video in after)


def test_the_python_lines_print_a_list(worker):
    [block] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    lines = block.replace("http://127.0.0.1:6066", worker.base_url)
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("['")


def run(line):
    return subprocess.run(["bash", "-c", f"{line} --silent --fail"], capture_output=True, text=True, check=True).stdout
