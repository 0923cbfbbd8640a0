"""Look at the topics every few seconds: tell at once what an operator has changed, and stop on another log.

It does not wait until the worker is ready: without its topics a worker never is.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from aiokafka.errors import KafkaError
from mode.utils.logging import get_logger

from recomind.errors import LogReplacedError, StateLostError
from recomind.runtime.app import RecoMindApp
from recomind.runtime.health import TOPICS
from recomind.runtime.log_check import OpenLog, check_log, find_changes
from recomind.stream.topic_metadata import KafkaTopics, describe_topics
from recomind.stream.topics import ACTIONS, admin_client, topic_configs

logger = get_logger(__name__)

CHECK_INTERVAL_S: Final = 5.0
"""Time between checks."""

MAX_CHECKS_WITHOUT_LOG: Final = 5
"""After this many checks that do not find the topic of actions, it is gone."""


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""

    async def watch() -> None:
        watch = LogWatch(app)
        while not app.should_stop:
            await asyncio.sleep(CHECK_INTERVAL_S)
            await watch.check()

    app.task(watch)


class LogWatch:
    """Checks the topics, and remembers since when the log is gone."""

    def __init__(self, app: RecoMindApp) -> None:
        self._app = app
        self._checks_without_log = 0

    async def check(self) -> None:
        """Look at the topics once. While Kafka does not answer, nothing is known."""
        app = self._app
        try:
            async with admin_client(app.options) as admin:
                found = await describe_topics(admin, topic_configs(app.options))
                self._check_log(found)
                problems = await find_changes(admin, app.options, OpenLog(app.checks.log, app.checks.topics), found)
        except (KafkaError, OSError, TimeoutError) as error:
            logger.debug("topics are not checked: %s", error)
        except (LogReplacedError, StateLostError) as error:
            await app.fail(error)
        else:
            report(app, problems)

    def _check_log(self, found: KafkaTopics) -> None:
        """A broker that has just started may not know the topic of actions yet; after some checks it is gone.

        Raises:
            LogReplacedError: it is gone, or another one.
        """
        is_there = ACTIONS in found.topics
        self._checks_without_log = 0 if is_there else self._checks_without_log + 1
        if is_there or self._checks_without_log > MAX_CHECKS_WITHOUT_LOG:
            check_log("the state of the workers", self._app.checks.log, found)


def report(app: RecoMindApp, problems: Sequence[str]) -> None:
    """Have `/readyz`, the metrics and the log tell what is wrong."""
    if problems:
        app.health.degrade(TOPICS, "; ".join(problems))
    else:
        app.health.recover(TOPICS)
