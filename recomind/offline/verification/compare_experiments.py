"""Read experiments and their stored figures, and compare these with the recounted ones."""

import asyncio
from time import monotonic
from typing import Final

from recomind.model.experiments import ExperimentRecord, decode_experiment_record
from recomind.model.ids import Partition, all_partitions
from recomind.offline.verification.recount_experiments import ExperimentRecount
from recomind.offline.verification.report import Report
from recomind.settings import Settings
from recomind.stores.read_model import ReadModel
from recomind.stores.served_statistics import ServedStatistics
from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.log_reader import read_to_end, start_offsets

SETTLE_S: Final = 15.0
"""Time within which workers store what they count: outcomes count two seconds after their actions."""

RETRY_S: Final = 1.0

CUT_NOTE: Final = "figures of experiments were not compared: Kafka has deleted some of their served lists"


async def recorded_experiments(settings: Settings) -> list[ExperimentRecord]:
    """The records of the topic `experiments`, in order; those that cannot be read are left out, as workers do."""
    found: list[ExperimentRecord] = []
    async for _, records in read_to_end(client_options(settings), topics.EXPERIMENTS, [Partition(0)]):
        for record in records:
            try:
                found.append(decode_experiment_record(record.value or b""))
            except (ValueError, RecursionError):
                continue
    return found


async def compare_experiments(
    settings: Settings, read_model: ReadModel, recount: ExperimentRecount, report: Report
) -> None:
    """Compare recounted figures with the stored ones, once these are settled."""
    if not recount.records:
        return
    starts = await start_offsets(client_options(settings), topics.SERVED_LISTS, settings.partitions)
    if any(starts.values()):
        report.notes.append(CUT_NOTE)
        return
    deadline = monotonic() + SETTLE_S
    while True:
        found = Report()
        recount.compare(await ServedStatistics(read_model).tallies(all_partitions(settings.partitions)), found)
        if found.is_clean or monotonic() > deadline:
            break
        await asyncio.sleep(RETRY_S)
    report.add(found)
