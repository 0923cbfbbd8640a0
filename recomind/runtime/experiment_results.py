"""Results of experiments from the counts that the owners of all partitions store with each commit."""

from collections.abc import Sequence

import msgspec

from recomind.experiments.results import Totals, totals_of
from recomind.experiments.tallies import StoredTally
from recomind.model.experiments import ExperimentRecord
from recomind.model.ids import all_partitions
from recomind.runtime.app import RecoMindApp
from recomind.runtime.served_counts import StoredCounts
from recomind.stores.served_statistics import ServedStatistics

_decode = msgspec.msgpack.Decoder(StoredCounts).decode


async def read_totals(app: RecoMindApp, records: Sequence[ExperimentRecord]) -> list[Totals]:
    """The tallies of experiments in all partitions.

    Raises:
        UnavailableError: Redis is unavailable.
    """
    partitions = await stored_tallies(app)
    return [totals_of(record, partitions) for record in records]


async def stored_tallies(app: RecoMindApp) -> list[dict[str, StoredTally]]:
    """What each partition has stored of each experiment.

    Raises:
        UnavailableError: Redis is unavailable.
    """
    found = await ServedStatistics(app.read_model).all_counts(all_partitions(app.options.partitions))
    return [_decode(value).experiments for value in found]
