"""Child processes end with their parent, and what answers on a port is known to be the child or not."""

import os
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest

from recomind.dev.stack.child_process import free_port, listens, require_free_port, start_child, stop_child
from recomind.errors import StackError

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
LISTEN = """
import socket, sys, time
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
time.sleep(600)
"""
PARENT = """
import sys, time
from pathlib import Path
from recomind.dev.stack.child_process import start_child
print(start_child([sys.executable, "-c", "import time; time.sleep(600)"], Path(sys.argv[1])).pid, flush=True)
time.sleep(600)
"""


def wait_until(condition, within=10.0):
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent has died")
def test_a_child_dies_with_its_parent_even_if_that_is_killed(tmp_path):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    child = psutil.Process(int(parent.stdout.readline()))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_only_the_process_that_listens_is_taken_for_the_server(tmp_path):
    port = free_port()
    server = start_child([sys.executable, "-c", LISTEN, str(port)], tmp_path / "server.log")
    other = start_child(SLEEP, tmp_path / "other.log")
    try:
        wait_until(lambda: listens(server, port))
        assert not listens(other, port)
        stop_child(server)
        assert not listens(server, port)
    finally:
        stop_child(server)
        stop_child(other)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])  # noqa: S104 nothing is served
def test_a_port_in_use_is_refused_with_what_to_do(host):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(StackError, match=f"port {port} is in use .*: stop it, or choose another"):
            require_free_port(host, port)
    require_free_port(host, port)


def test_a_host_that_does_not_exist_is_told():
    with pytest.raises(StackError, match="nothing can listen on no"):
        require_free_port("no.such.host.invalid", 80)
