"""Keep the figures of served lists: count outcomes, store counts with each commit, and continue stored ones.

The leader adds up how often the users of all partitions were shown each video.
"""

import asyncio
from contextlib import suppress
from typing import Final

from recomind.errors import UnavailableError
from recomind.model.ids import Partition, all_partitions
from recomind.runtime.app import RecoMindApp
from recomind.runtime.commit import Stage
from recomind.runtime.video_impressions import catalogue_figures
from recomind.stores.served_statistics import ServedStatistics

ATTRIBUTION_INTERVAL_S: Final = 0.5
"""Time between two attributions of the actions that have waited long enough."""

STORE_INTERVAL_S: Final = 2.0
"""Time between two writes of counts beside those of commits, which nobody makes while no event comes."""

CATALOGUE_INTERVAL_S: Final = 5.0
"""Time between two writes of how often each video was shown."""


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    processor = FiguresProcessor(app)
    app.timer(ATTRIBUTION_INTERVAL_S, name="served_figures.attribute_due")(processor.attribute_due)
    app.timer(STORE_INTERVAL_S, name="served_figures.store_attributed")(processor.store_attributed)
    app.timer(CATALOGUE_INTERVAL_S, name="served_figures.catalogue")(processor.store_impressions)
    app.commit_steps.register(Stage.STORES, processor.store_counts)


class FiguresProcessor:
    """Stores what `app.served_figures` counts."""

    def __init__(self, app: RecoMindApp) -> None:
        self._app = app
        self._statistics = ServedStatistics(app.read_model)
        self._storing = asyncio.Lock()

    async def attribute_due(self) -> None:
        """Attribute actions, once the worker has the stored counts of its partitions."""
        for partition in self._app.assignment.partitions:
            await adopt(self._app, partition)
        self._app.served_figures.attribute_due()

    async def store_attributed(self) -> None:
        """Store counts without a commit: outcomes are attributed after their actions were committed."""
        with suppress(UnavailableError):  # they are stored later
            await self.store_counts()

    async def store_counts(self) -> None:
        """Store the counts that have changed, before the events in them are committed."""
        async with self._storing:  # so that no older counts replace newer ones
            await self._store_changed()

    async def _store_changed(self) -> None:
        figures = self._app.served_figures
        changed = figures.changed & figures.adopted
        figures.changed -= changed
        figures.experiments.retain_experiments(self._app.ranking_cache.experiments.records.keys())
        try:
            await self._statistics.put_counts({one: figures.stored(one) for one in changed})
        except BaseException:
            figures.changed |= changed
            raise

    async def store_impressions(self) -> None:
        """Store how often videos were shown; the leader adds the partitions up."""
        app, impressions = self._app, self._app.served_figures.impressions
        now, index = app.kafka_producer.clock.now(), app.ranking_cache.index
        impressions.fit_sample(int(index.columns.listed[: index.size].sum()), now)
        changed = impressions.changed & app.served_figures.adopted
        impressions.changed -= changed
        try:
            await self._statistics.put_impressions({one: impressions.packed(one) for one in changed})
        except BaseException:
            impressions.changed |= changed
            raise
        parts = (
            await self._statistics.impressions(all_partitions(app.options.partitions))
            if app.assignment.is_leader
            else []
        )
        app.served_figures.catalogue = catalogue_figures(index, parts, now) if app.assignment.is_leader else None


async def adopt(app: RecoMindApp, partition: Partition) -> None:
    """Continue the stored counts of a partition, unless they have been adopted."""
    figures, statistics = app.served_figures, ServedStatistics(app.read_model)
    if partition in figures.adopted:
        return
    counts, impressions = await statistics.counts(partition), await statistics.impressions([partition])
    if partition not in figures.adopted:
        figures.adopt(partition, counts, b"".join(impressions))
