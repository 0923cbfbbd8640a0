"""A running stack, found by its data folder: its lock, its addresses, and how a command has its traffic pause.

`recomind demo` and `recomind stack` lock the folder while they run, and write the servers' addresses into it. Other
commands take them from there if the environment names no servers.
"""

import asyncio
import fcntl
import json
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Final

from recomind.errors import StackError, UnsettledError
from recomind.settings import Settings

LOCK_FILE: Final = "lock"
ADDRESSES_FILE: Final = "addresses.json"
TRAFFIC_FILE: Final = "traffic.lock"

FIELDS: Final = ("kafka_brokers", "postgres_dsn", "redis_url", "app_id", "partitions")
"""The settings that lead to a stack and its state."""

ADDRESSES: Final = FIELDS[:3]

PAUSE_TIMEOUT_S: Final = 60.0
POLL_INTERVAL_S: Final = 0.05


def lock_folder(folder: Path) -> IO[str]:
    """Lock the data folder for as long as the returned file is open.

    Raises:
        StackError: another process has locked it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / LOCK_FILE).open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        problem = f"{folder} is in use by another RecoMind, process {lock.read().strip() or 'unknown'}"
        lock.close()
        raise StackError(f"{problem}: stop that one, or choose another folder with --data-dir") from error
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def write_addresses(settings: Settings) -> Path:
    """Write the addresses of a stack into its data folder, readable by this user alone: they may hold passwords."""
    file = settings.data_path / ADDRESSES_FILE
    file.unlink(missing_ok=True)
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        json.dump({name: getattr(settings, name) for name in FIELDS}, output, indent=1)
    return file


def remove_addresses(folder: Path) -> None:
    """Remove them: the stack stops."""
    (folder / ADDRESSES_FILE).unlink(missing_ok=True)


def running_settings(settings: Settings) -> Settings | None:
    """The settings with the addresses of the stack that runs in the data folder.

    None if none runs there, or if the settings name a server that is not one of its own.
    """
    file = settings.data_path / ADDRESSES_FILE
    if not file.exists() or not _is_locked(settings.data_path):
        return None
    found = replace(settings, **json.loads(file.read_text()))
    given = [name for name in ADDRESSES if getattr(settings, name)]
    return found if all(getattr(found, name) == getattr(settings, name) for name in given) else None


class TrafficGate:
    """Lets simulated traffic pass, unless a command has it pause. Open it where the traffic is made."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / TRAFFIC_FILE).open("w")

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """Wait while traffic pauses. It does not pause in the block, so let it be short."""
        while not _try_lock(self._file, fcntl.LOCK_SH):
            await asyncio.sleep(POLL_INTERVAL_S)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


@contextmanager
def paused_traffic(folder: Path) -> Iterator[None]:
    """In the block no traffic is made by a demo in this data folder; on entry, its current visit has ended.

    Raises:
        UnsettledError: the traffic does not pause.
    """
    if not (folder / TRAFFIC_FILE).exists():
        yield
        return
    with (folder / TRAFFIC_FILE).open("w") as file:
        deadline = time.monotonic() + PAUSE_TIMEOUT_S
        while not _try_lock(file, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise UnsettledError(f"the demo in {folder} does not pause its traffic: stop it, and try again")
            time.sleep(POLL_INTERVAL_S)
        yield


def _is_locked(folder: Path) -> bool:
    try:
        with (folder / LOCK_FILE).open("r") as lock:
            return not _try_lock(lock, fcntl.LOCK_SH)
    except FileNotFoundError:
        return False


def _try_lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
