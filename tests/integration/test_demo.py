"""`make demo` and `recomind demo` as a newcomer meets them, on servers of their own."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from recomind.dev.stack.child_process import accepts_connections, free_port

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text()
TREE = ("Makefile", "README.md", "pyproject.toml", "requirements.lock", "recomind", "agents", "tables", "web")
START_TIMEOUT_S = 120.0


class Demo:
    """A demo as a child process, and what it has printed."""

    def __init__(self, command, cwd, **environment):
        self.lines, self.is_make = [], command[0] == "make"
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    @property
    def text(self):
        return "\n".join(self.lines)

    def wait_for(self, pattern, within=START_TIMEOUT_S):
        deadline = time.monotonic() + within
        while not (found := re.search(pattern, self.text)):
            assert self.process.poll() is None, self.text
            assert time.monotonic() < deadline, self.text
            time.sleep(0.01)
        return found

    def children(self):
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, number=signal.SIGINT, within=60.0):
        """Signal the command, as its terminal would, and wait for the end; returns the exit code."""
        target = self.process
        if self.is_make:
            target = next(one for one in self.children() if "demo" in one.cmdline())
        target.send_signal(number)
        try:
            code = self.process.wait(within)
        except subprocess.TimeoutExpired:
            pytest.fail(f"it does not end:\n{self.text}")
        self._reader.join(10)
        return code

    def close(self):
        if self.process.poll() is None:
            for child in self.children():
                child.kill()
            self.process.kill()
            self.process.wait()
        self._reader.join(10)
        self.process.stdout.close()


@pytest.fixture
def start():
    """A function that starts a demo; it is killed at the end."""
    started = []

    def start_demo(command, cwd, **environment):
        started.append(Demo(command, cwd, **environment))
        return started[-1]

    yield start_demo
    for demo in started:
        demo.close()


@pytest.fixture
def fresh_copy(tmp_path):
    """The tree as a clone would have it, in a folder with a difficult name, with this virtual environment."""
    folder = tmp_path / "a dätä, folder"
    folder.mkdir()
    for name in TREE:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    (folder / ".venv").symlink_to(Path(sys.executable).parent.parent)
    return folder


def run(folder, *words, **environment):
    command = [sys.executable, "-m", "recomind", *words]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=120
    )


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def shell(line):
    return subprocess.run(["bash", "-c", f"{line} --silent --fail"], capture_output=True, text=True, check=True).stdout


def test_the_first_screen_of_the_readme_works_when_the_banner_appears(start, fresh_copy):
    port, path = free_port(), os.pathsep.join(map(str, (fresh_copy, *(fresh_copy / one for one in TREE[5:]))))
    demo = start(["make", "-o", ".venv/.ready", "demo", f"PORT={port}"], fresh_copy, PYTHONPATH=path)
    demo.wait_for("Ctrl-C ends the demo")
    address = f"http://127.0.0.1:{port}"
    [block] = [block for block in blocks("bash") if "curl" in block]
    first, like, like_again, last = block.replace("http://127.0.0.1:6066", address).strip().splitlines()
    before = json.loads(shell(first))
    assert len(before) == 3
    assert json.loads(shell(like))["status"] == json.loads(shell(like_again))["status"] == 202
    time.sleep(1)
    after = json.loads(shell(last))
    assert len(after) == 3
    assert after != before
    [lines] = blocks("python")
    printed = subprocess.run(
        [sys.executable, "-c", lines.replace("http://127.0.0.1:6066", address)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed.stdout.startswith("['")
    for line in re.findall(r"^  (curl .*)$", demo.text, re.MULTILINE):
        assert json.loads(shell(line))

    _check_that_other_commands_find_it(fresh_copy, demo)
    _check_that_a_second_demo_is_refused(fresh_copy, port)
    _check_that_a_dead_worker_is_replaced(fresh_copy, demo, address)
    processes = demo.children()
    assert demo.end() in {0, 2}  # 2 is what make adds if it is interrupted as well
    assert not [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    assert "Traceback" not in demo.text
    assert len([line for line in demo.lines if "share of likes" in line]) < 20  # it does not fill a terminal or a file
    assert run(fresh_copy, "replay").stderr.startswith("recomind: RECOMIND_KAFKA_BROKERS and")


def _check_that_other_commands_find_it(folder, demo):
    line = re.search(r"^  (\S.*) verify ", demo.text, re.MULTILINE).group(1)
    verified = subprocess.run([*shlex.split(line), "verify"], cwd=folder, capture_output=True, text=True, check=False)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "no difference" in verified.stdout
    assert f"using the servers that run in {folder / '.recomind'}" in verified.stderr
    log = folder / "log"
    log.mkdir()
    (log / "actions.csv").write_text("user_id,video_id,action_type,timestamp\nfed,v1,like,1650000000\n")
    for words in (["replay", "--json"], ["dead-letters", "list"], ["train"], ["feed", "log"]):
        done = run(folder, *words)
        assert done.returncode == 0, done.stderr


def _check_that_a_second_demo_is_refused(folder, port):
    again = run(folder, "demo", "--port", str(port))
    assert (again.returncode, "preparing" in again.stdout) == (2, False)
    assert f"port {port} is in use by another program, perhaps another demo: stop it, or choose" in again.stderr
    elsewhere = run(folder, "demo", "--port", str(free_port()))
    assert elsewhere.returncode == 2
    assert "is in use by another RecoMind, process " in elsewhere.stderr


def _check_that_a_dead_worker_is_replaced(folder, demo, address):
    [worker] = [one for one in demo.children() if one.cmdline()[-1] == "worker"]
    worker.kill()
    told = demo.wait_for(r"The worker ended \(killed by signal 9\); its log is (.*)\. Starting it again\.")
    assert Path(told.group(1)) == folder / ".recomind" / "worker.log"
    demo.wait_for("The worker is ready again")
    with urllib.request.urlopen(f"{address}/recommendations/me?n=3") as answer:
        assert len(json.load(answer)) == 3


@pytest.fixture
def log_of_2022(tmp_path):
    """A log of an hour in 2022, with enough actions for the demo to be busy feeding."""
    folder = tmp_path / "log"
    folder.mkdir()
    rows = (f"u{n % 50},film{n * n % 60},{'like' if n % 3 else 'skip'},{1650000000 + n}" for n in range(3600))
    (folder / "actions.csv").write_text("user_id,video_id,action_type,timestamp\n" + "\n".join(rows) + "\n")
    videos = (f"film{n},Film {n},tag{n % 7},2022-04-01" for n in range(60))
    (folder / "videos.csv").write_text("video_id,title,tags,created_at\n" + "\n".join(videos) + "\n")
    return folder


def demo_command(folder, port, *words):
    return [sys.executable, "-m", "recomind", "demo", "--data-dir", str(folder), "--port", str(port), *words]


def test_a_visitor_does_not_outweigh_a_log_of_the_past(start, tmp_path, log_of_2022):
    port = free_port()
    demo = start(
        demo_command(tmp_path / "data", port, "--data", str(log_of_2022)), tmp_path, http_proxy="http://127.0.0.1:9"
    )
    demo.wait_for("3,600 actions are in the stream")
    lines = re.findall(r"^  (curl .*)$", demo.text, re.MULTILINE)
    assert all("film" in line for line in lines if "video_action" in line)
    liked = set(re.findall(r"film\d+", demo.text))
    skipped = {f"film{n}" for n in range(60)} - liked
    for line in lines:
        shell(line)
    time.sleep(3)
    for video_id in sorted(skipped)[:4]:
        body = json.dumps({"user_id": "me", "video_id": video_id, "action_type": "like"})
        shell(f"curl -d {shlex.quote(body)} http://127.0.0.1:{port}/video_action")
    time.sleep(3)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/trending?n=4") as answer:
        trending = {video["video_id"] for video in json.load(answer)}
    assert trending != set(sorted(skipped)[:4])
    assert demo.end(signal.SIGTERM) == 0
    assert "Traceback" not in demo.text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_demo_that_feeds_slowly_ends_at_every_signal(start, tmp_path, log_of_2022, number):
    port = free_port()
    demo = start(demo_command(tmp_path / "data", port, "--data", str(log_of_2022), "--speed", "1"), tmp_path)
    demo.wait_for("Ctrl-C ends the demo")
    time.sleep(1)
    assert demo.end(number, within=30) == (-9 if number == signal.SIGKILL else 0)
    deadline = time.monotonic() + 10
    while accepts_connections(port):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("pattern", ["waiting for", "starting a worker"])
def test_ctrl_c_ends_a_demo_that_is_starting(start, tmp_path, pattern):
    demo = start(demo_command(tmp_path / "data", free_port()), tmp_path)
    demo.wait_for(pattern)
    assert demo.end() == 0
    assert "Traceback" not in demo.text


def test_a_folder_without_a_log_is_told_before_anything_is_started(tmp_path):
    started = time.monotonic()
    done = run(tmp_path, "demo", "--data", str(tmp_path), "--port", str(free_port()))
    assert time.monotonic() - started < 10
    assert done.returncode == 2
    assert "preparing" not in done.stdout
    assert "name a folder with actions.csv and videos.csv" in done.stderr
