"""The demo from its first visit to its last: catalogue, worker, first answers, banner, and what plays afterwards."""

import asyncio
import json
import shlex
import sys
import urllib.request
from collections.abc import Coroutine, Iterable
from pathlib import Path
from time import monotonic, time
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.status import Status

from recomind.dev.demo.figures import describe
from recomind.dev.demo.recorded_log import RecordedLog
from recomind.dev.demo.traffic import Visits
from recomind.dev.demo.worker_process import WorkerProcess
from recomind.dev.simulator import Community
from recomind.dev.stack.running import ADDRESSES_FILE, TrafficGate
from recomind.dev.stack.stack import Stack
from recomind.errors import StackError
from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.settings import Settings
from recomind.stores.archive import Archive
from recomind.stream.log_replay import replay_log

FIRST_VISITS: Final = 50
"""Visits before the banner: enough for a first answer that says what trends."""

TERMINAL_INTERVAL_S: Final = 2.0
LINE_INTERVAL_S: Final = 60.0

ANSWER_TIMEOUT_S: Final = 60.0
POLL_INTERVAL_S: Final = 0.1

EXAMPLES: Final = ("v1", "v2")
"""Videos of the simulated catalogue that the README and the banner have a visitor like."""


class Show:
    """A demo on a running stack."""

    def __init__(self, stack: Stack, console: Console, status: Status) -> None:
        self._settings = stack.settings
        self._console = console
        self._status = status
        self._gate = TrafficGate(self._settings.data_path)

    def announce(self, text: str) -> None:
        """Say what happens now: in place on a terminal, as a line elsewhere."""
        announce(self._console, self._status, text)

    async def with_audience(self, worker: WorkerProcess) -> None:
        """Simulated users, until cancelled."""
        community = Community(now=time())
        visits = Visits(worker.base_url, community, self._gate)
        await self._open(worker, community.videos)
        self.announce("the first users watch videos")
        await visits.make(FIRST_VISITS, lambda: None)
        await self._show_banner(worker, EXAMPLES)
        reports = self._report(worker, visits)
        await self._play(worker, visits.make(None, lambda: None), reports)

    async def _report(self, worker: WorkerProcess, visits: Visits) -> None:
        """Say what users liked: every few seconds in place on a terminal, else a line a minute."""
        while True:
            await asyncio.sleep(TERMINAL_INTERVAL_S if self._console.is_terminal else LINE_INTERVAL_S)
            text = await describe(worker.base_url, visits)
            if self._console.is_terminal:
                self._status.update(text)
            else:
                self._say(text)

    async def with_log(self, worker: WorkerProcess, log: RecordedLog, speed: float | None) -> None:
        """A recorded log, then nothing more, until cancelled."""
        now = time()
        await self._open(worker, log.shifted_videos(now - (log.first_at if speed else log.last_at)))
        await self._show_banner(worker, log.popular)
        await self._play(worker, self._replay(log, speed, now - log.last_at))

    async def _open(self, worker: WorkerProcess, videos: Iterable[Video]) -> None:
        """Fill the catalogue, and start the worker."""
        self.announce("filling the catalogue")
        archive = Archive(self._settings.postgres_dsn, self._settings.postgres_pooling)
        await archive.open()
        try:
            await archive.put_videos(videos)
        finally:
            await archive.close()
        self.announce("starting a worker")
        worker.start()
        worker.wait_ready()

    async def _show_banner(self, worker: WorkerProcess, video_ids: tuple[str, str]) -> None:
        await asyncio.to_thread(wait_until_answered, worker.base_url)
        self._status.stop()
        for line in banner(self._settings, worker, video_ids):
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)
        if self._console.is_terminal:
            self._status.start()

    async def _play(self, worker: WorkerProcess, *activities: Coroutine[Any, Any, None]) -> None:
        """Run activities and keep the worker running, until cancelled or one of them fails."""
        tasks = [asyncio.create_task(one) for one in (*activities, worker.keep_running(self._say))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                await task
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _replay(self, log: RecordedLog, speed: float | None, shift: float) -> None:
        written = 0

        def report(number: int) -> None:
            nonlocal written
            written += number
            self._status.update(f"{written:,} of {log.actions:,} actions are in the stream")

        def stamp(action: Action) -> Action:
            return msgspec.structs.replace(action, timestamp=time())

        actions = log.shifted_actions(0 if speed else shift)
        options = {"stamp": stamp} if speed else {}
        await replay_log(
            self._settings, actions, speed=speed, on_progress=report, around_chunk=self._gate.passing, **options
        )
        self._say(f"{written:,} actions are in the stream. Ctrl-C ends the demo.")
        self._status.stop()

    def _say(self, sentence: str) -> None:
        self._console.print(sentence, highlight=False, markup=False, soft_wrap=True)


def announce(console: Console, status: Status, text: str) -> None:
    """Say what happens now: in place on a terminal, as a line elsewhere."""
    if console.is_terminal:
        status.update(text)
    else:
        console.print(text, highlight=False, markup=False, soft_wrap=True)


def wait_until_answered(base_url: str) -> None:
    """Return when a list for somebody new has videos: the worker has seen the catalogue.

    Raises:
        StackError: it has none after a minute.
    """
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = monotonic() + ANSWER_TIMEOUT_S
    while True:
        with direct.open(f"{base_url}/recommendations/demo?n=1", timeout=30) as response:
            if json.load(response):
                return
        if monotonic() > deadline:
            raise StackError(f"{base_url}/recommendations/demo is empty after {ANSWER_TIMEOUT_S:.0f} s")


def banner(settings: Settings, worker: WorkerProcess, video_ids: tuple[str, str]) -> list[str]:
    """What the terminal says once everything answers."""
    url = worker.base_url
    likes = [json.dumps({"user_id": "me", "video_id": one, "action_type": "like"}) for one in video_ids]
    folder, command = settings.data_path, _command(settings)
    return [
        "",
        f"RecoMind is at {url}",
        "",
        f"  curl '{url}/recommendations/me?n=3'",
        *(f"  curl -d {shlex.quote(like)} {url}/video_action" for like in likes),
        f"  curl '{url}/recommendations/me?n=3'",
        "",
        f"  {command} verify        also replay, dead-letters list, train, feed DIR: they find these servers",
        "",
        f"The servers' addresses are in {folder / ADDRESSES_FILE}, the worker's log is {worker.log}.",
        "Ctrl-C ends the demo; its data stays.",
        "",
    ]


def _command(settings: Settings) -> str:
    """How to call `recomind` from this directory for this data folder."""
    program = Path(sys.executable).with_name("recomind")
    here = Path.cwd()
    shown = program.relative_to(here) if program.is_relative_to(here) else program
    name = shlex.quote(str(shown)) if program.exists() else f"{shlex.quote(sys.executable)} -m recomind"
    default = Path(Settings().data_dir).resolve()
    return name if settings.data_path == default else f"RECOMIND_DATA_DIR={shlex.quote(str(settings.data_path))} {name}"
