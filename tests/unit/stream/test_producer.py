"""The producer: batches that are too large for their topic, and refusals."""

import asyncio
from types import SimpleNamespace

import pytest
from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError, TopicAuthorizationFailedError

from recomind.errors import RefusedError, TooLargeError, UnavailableError
from recomind.stream.producer import Producer, ProducerRecord


class FakeBatch:
    """A batch of at most eight records."""

    def __init__(self):
        self.values = []

    def append(self, *, key, value, timestamp, headers):
        if len(self.values) == 8:
            return None
        self.values.append(value)
        return True

    def close(self):
        pass


class FakeClient:
    """Stands in for aiokafka's producer before a topic with a limit."""

    def __init__(self, limit, error=None):
        self.limit, self.error, self.stored, self.batches = limit, error, [], 0

    def create_batch(self):
        return FakeBatch()

    async def send_batch(self, batch, topic, *, partition):
        return self._acknowledge(batch)

    async def _acknowledge(self, batch):
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        if sum(map(len, batch.values)) > self.limit:
            raise MessageSizeTooLargeError
        self.stored += batch.values
        self.batches += 1
        offset = len(self.stored) - len(batch.values)
        return SimpleNamespace(offset=offset, timestamp=1_700_000_000_000, timestamp_type=1)


def producer(client):
    made = Producer({})
    made._producer = made._sender = client
    return made


def records(*sizes):
    return [ProducerRecord(b"k", b"%d" % n * size) for n, size in enumerate(sizes)]


async def test_a_batch_that_is_too_large_is_halved_and_keeps_its_order():
    client, some = FakeClient(limit=25), records(*[10] * 10)
    await producer(client).send_in_order("t", 0, some)
    assert client.stored == [one.value for one in some]


async def test_a_single_record_that_is_too_large_ends_the_attempts_and_names_topic_and_size():
    client = FakeClient(limit=25)
    with pytest.raises(TooLargeError, match=r"a record of 26 bytes for the topic t; raise max\.message\.bytes"):
        await producer(client).send_in_order("t", 0, records(10, 26, 10))
    assert client.stored == [b"0" * 10]


async def test_records_of_concurrent_sends_share_a_batch_and_each_gets_its_offset():
    client = FakeClient(limit=1000)
    made = producer(client)
    sends = [made.send("t", 0, [ProducerRecord(b"k", b"%d" % number)] * 2) for number in range(4)]
    sent = await asyncio.gather(*sends)
    assert [[one.offset for one in some] for some in sent] == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert client.stored == [b"0", b"0", b"1", b"1", b"2", b"2", b"3", b"3"]
    assert client.batches == 1
    assert sent[0][0].logged_at == 1_700_000_000.0


async def test_sends_in_larger_batches_than_the_topic_takes_are_halved():
    client = FakeClient(limit=25)
    sent = await producer(client).send("t", 0, records(*[10] * 7))
    assert [one.offset for one in sent] == list(range(7))
    with pytest.raises(TooLargeError, match=r"a record of 26 bytes for the topic t"):
        await producer(client).send("t", 0, records(10, 26))


async def test_a_send_that_nobody_awaits_any_more_does_not_disturb_others():
    client = FakeClient(limit=1000)
    made = producer(client)
    impatient = asyncio.create_task(made.send("t", 0, records(1)))
    patient = asyncio.create_task(made.send("t", 0, records(2)))
    await asyncio.sleep(0)
    impatient.cancel()
    assert [one.offset for one in await patient] == [1]
    assert [one.offset for one in await made.send("t", 0, records(3))] == [2]


@pytest.mark.parametrize(
    ("error", "ours"), [(TopicAuthorizationFailedError("t"), RefusedError), (KafkaConnectionError(), UnavailableError)]
)
async def test_a_refusal_is_no_outage(error, ours):
    with pytest.raises(ours):
        await producer(FakeClient(1, error)).send_in_order("t", 0, records(1))
    made = producer(FakeClient(1, error))
    with pytest.raises(ours):
        await made.send("t", 0, records(1))
    assert made._breaker.is_open == (ours is UnavailableError)
