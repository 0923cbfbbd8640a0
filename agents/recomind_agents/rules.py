"""Rules: follow the topic, and have rules start and end by Kafka's time."""

import asyncio
from typing import Final

from recomind.runtime.app import RecoMindApp

INTERVAL_S: Final = 0.1
"""Time between two checks whether a rule has started or ended."""


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""

    async def advance() -> None:
        while not app.should_stop:  # also during a rebalance, when timers wait
            app.ranking_cache.rules.advance(app.kafka_producer.clock.now())
            await asyncio.sleep(INTERVAL_S)

    app.task(app.rule_stream.run)
    app.task(advance)
