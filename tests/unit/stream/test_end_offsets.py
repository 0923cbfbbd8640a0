"""The ends of partitions: asked after the question came, together with others, and again after an error."""

import asyncio

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError, TopicAuthorizationFailedError

from recomind.errors import RefusedError, UnavailableError
from recomind.stream import end_offsets
from recomind.stream.end_offsets import EndOffsets


class Broker:
    """Takes a moment to answer with the ends that it had at the beginning of it."""

    def __init__(self):
        self.ends, self.questions, self.connections, self.error = {0: 5, 1: 7}, [], 0, None

    async def start(self):
        self.connections += 1
        if self.error:
            raise self.error

    async def stop(self):
        self.connections -= 1

    async def end_offsets(self, tps):
        self.questions.append([tp.partition for tp in tps])
        ends = {tp: self.ends[tp.partition] for tp in tps}
        assert all(tp == TopicPartition("t", tp.partition) for tp in tps)
        await asyncio.sleep(0.01)
        if self.error:
            raise self.error
        return ends


@pytest.fixture
def broker(monkeypatch):
    broker = Broker()
    monkeypatch.setattr(end_offsets, "AIOKafkaConsumer", lambda **_: broker)
    return broker


async def test_questions_that_come_while_one_is_on_its_way_are_asked_together_after_it(broker):
    ends = EndOffsets({}, "t")
    first = asyncio.create_task(ends.of(0))
    await asyncio.sleep(0.005)
    broker.ends[0] = 6
    later = [asyncio.create_task(ends.of(partition)) for partition in (0, 1, 0)]
    assert await first == 5
    assert await asyncio.gather(*later) == [6, 7, 6]
    assert broker.questions == [[0], [0, 1]]
    await ends.stop()
    assert broker.connections == 0


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (KafkaTimeoutError(), UnavailableError),
        (TopicAuthorizationFailedError(), RefusedError),
        (RuntimeError("a defect"), RuntimeError),
    ],
)
async def test_who_waits_gets_the_error_and_the_next_question_is_asked_anew(broker, error, raised):
    ends = EndOffsets({}, "t")
    assert await ends.of(1) == 7
    broker.error = error
    found = await asyncio.gather(ends.of(0), ends.of(0), return_exceptions=True)
    assert [type(one) for one in found] == [raised, raised]
    broker.error = None
    assert await ends.of(0) == 5
    assert broker.connections == 1
    await ends.stop()


async def test_it_connects_again_if_it_could_not(broker):
    ends, broker.error = EndOffsets({}, "t"), KafkaConnectionError()
    with pytest.raises(UnavailableError):
        await ends.of(0)
    assert broker.connections == 0
    broker.error = None
    assert await ends.of(0) == 5
    await ends.stop()


async def test_one_who_waits_no_longer_takes_nobodys_answer_away(broker):
    ends = EndOffsets({}, "t")
    impatient, patient = asyncio.create_task(ends.of(0)), asyncio.create_task(ends.of(0))
    await asyncio.sleep(0.005)
    impatient.cancel()
    assert await patient == 5
    await ends.stop()


async def test_a_question_that_is_on_its_way_ends_with_the_client(broker):
    ends = EndOffsets({}, "t")
    waiting = asyncio.create_task(ends.of(0))
    await asyncio.sleep(0.005)
    await ends.stop()
    with pytest.raises(asyncio.CancelledError):
        await waiting
