"""Sending that waits for Kafka, and does not wait for what does not pass."""

import pytest

from recomind.errors import TooLargeError, UnavailableError
from recomind.runtime import retrying_producer
from recomind.runtime.heartbeat import Heartbeat
from recomind.runtime.retrying_producer import RetryingProducer
from recomind.stream.producer import ProducerRecord


class FakeProducer:
    """Fails with each of these errors in turn, and then sends."""

    def __init__(self, *errors):
        self.errors, self.sent = list(errors), []

    async def send_in_order(self, topic, partition, records):
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append((topic, partition, records))


RECORDS = {3: [ProducerRecord(b"k", b"v")]}


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(retrying_producer, "RETRY_DELAY_S", 0.0)


async def test_records_wait_while_kafka_is_away_and_say_so():
    producer, heartbeat = FakeProducer(UnavailableError("Kafka", OSError("away"))), Heartbeat(10.0)
    await RetryingProducer(producer, heartbeat, lambda: False).send("t", RECORDS)
    assert producer.sent == [("t", 3, RECORDS[3])]
    assert heartbeat.waits_for == "records for t wait: Kafka does not answer: away"


async def test_a_refusal_ends_the_attempts_and_is_no_outage():
    heartbeat = Heartbeat(10.0)
    with pytest.raises(TooLargeError):
        await RetryingProducer(FakeProducer(TooLargeError("Kafka", OSError(), "")), heartbeat, lambda: False).send(
            "t", RECORDS
        )
    assert heartbeat.waits_for is None
