"""Child processes in sessions of their own, and the ports that they listen on.

Ctrl-C in the terminal does not reach them, so that they are stopped in order. On Linux the kernel kills them when this
process dies for any reason.
"""

import ctypes
import errno
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from recomind.errors import StackError

STOP_TIMEOUT_S: Final = 30.0
"""How long a process may take to stop before it is killed."""

_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None


def start_child(
    command: Sequence[str],
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
    user: str | None = None,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process. On Linux it dies with the calling thread: call this from one that lives long enough.

    Args:
        command: its command line.
        log: the file to which its output is appended.
        environment: variables beside those of this process.
        user: the system user to run as; None for the current one.
        folder: its working directory; None for the current one.
    """
    parent = os.getpid()

    def die_with_parent() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:  # it has died meanwhile
                os.kill(os.getpid(), signal.SIGKILL)

    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 the command is our own
            [*command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            user=user,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            preexec_fn=die_with_parent,  # noqa: PLW1509 few C calls, safe after fork
        )


def stop_child(
    process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGTERM, timeout: float = STOP_TIMEOUT_S
) -> None:
    """Stop a process; kill it if it does not stop within `timeout` seconds."""
    if process.poll() is not None:
        return
    process.send_signal(number)
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def log_tail(log: Path, lines: int) -> str:
    """The last lines of a log that are not blank."""
    if not log.exists():
        return "(no log)"
    return "\n".join([line for line in log.read_text(errors="replace").splitlines() if line.strip()][-lines:])


def free_port() -> int:
    """A free port on the loopback interface, chosen by the system."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def require_free_port(host: str, port: int) -> None:
    """Return if a server may listen on the port.

    Raises:
        StackError: another process listens there, or this one may not.
    """
    for family, kind, protocol, _, address in _addresses(host, port):
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    problem = f"port {port} is in use by another program, perhaps another demo"
                    raise StackError(f"{problem}: stop it, or choose another port with --port") from error
                raise StackError(f"nothing can listen on {host}, port {port}: {error.strerror}") from error


def accepts_connections(port: int) -> bool:
    """Whether a process listens on the port of the loopback interface."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def listens(process: subprocess.Popen[bytes], port: int) -> bool:
    """Whether it is this process that listens on the port: what answers there may be another one."""
    import psutil

    if process.poll() is not None:
        return False
    try:
        connections = psutil.Process(process.pid).net_connections("inet")
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:  # a process of another user, on a system that does not tell
        return accepts_connections(port)
    return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in connections)


def _addresses(host: str, port: int) -> list[tuple[int, int, int, str, tuple[str, int]]]:
    try:
        found: list[tuple[int, int, int, str, tuple[str, int]]] = socket.getaddrinfo(  # type: ignore[assignment]
            host.strip("[]"), port, type=socket.SOCK_STREAM
        )
    except (socket.gaierror, OverflowError) as error:
        raise StackError(f"nothing can listen on {host}, port {port}: {error}") from error
    return found
