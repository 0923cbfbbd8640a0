"""Results of experiments from the counts that the owners of all partitions store with each commit."""

from collections.abc import Sequence

from recomind.experiments.results import Totals, totals_of
from recomind.model.experiments import ExperimentRecord
from recomind.model.ids import all_partitions
from recomind.runtime.app import RecoMindApp
from recomind.stores.served_statistics import ServedStatistics


async def read_totals(app: RecoMindApp, records: Sequence[ExperimentRecord]) -> list[Totals]:
    """The tallies of experiments in all partitions.

    Raises:
        UnavailableError: Redis is unavailable.
    """
    partitions = await ServedStatistics(app.read_model).tallies(all_partitions(app.options.partitions))
    return [totals_of(record, partitions) for record in records]
