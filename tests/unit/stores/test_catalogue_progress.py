"""When a change of the catalogue is done."""

import pytest

from recomind.stores import catalogue_progress
from recomind.stores.catalogue_progress import FollowerReport, pending_steps
from recomind.stores.memory_store import InMemoryStore


def report(worker, partitions, applied, *, generation=1, searched=None):
    return FollowerReport(worker, generation, partitions, {0: 9, 1: applied}, searched or {})


LEADER = report("leader", (0,), 6, searched={0: 9, 1: 6})


@pytest.mark.parametrize(
    ("reports", "pending"),
    [
        ([LEADER, report("other", (1,), 6)], []),
        ([LEADER, report("other", (1,), 5)], ["other"]),
        ([LEADER, report("spare", (), 5), report("other", (1,), 6)], ["spare"]),
        ([LEADER], ["partition 1"]),
        ([report("leader", (0,), 6, searched={0: 9, 1: 5}), report("other", (1,), 6)], ["lists"]),
        ([], ["partition 0", "partition 1", "lists"]),
    ],
)
def test_a_change_waits_for_every_worker_and_for_stored_lists(reports, pending):
    assert pending_steps(reports, partition=1, offset=5, partitions=2) == pending


async def test_only_the_latest_reports_of_the_latest_generation_count():
    store = InMemoryStore()
    for one in (report("left", (0, 1), 5), report("a", (0,), 5), report("a", (0,), 6, generation=2)):
        await catalogue_progress.publish(store, one)
    assert await catalogue_progress.read(store) == [report("a", (0,), 6, generation=2)]
