"""Faust's consumer with our changes."""

from aiokafka.errors import IllegalStateError
from faust.transport.drivers import aiokafka as driver

from recomind.stream.consumer import Consumer


async def test_a_seek_may_fail_when_another_rebalance_has_revoked_the_partitions(monkeypatch):
    async def fail(_):
        raise IllegalStateError("No current assignment for partition")

    monkeypatch.setattr(driver.Consumer, "perform_seek", fail)
    consumer = object.__new__(Consumer)
    await consumer._seek_to_committed()
