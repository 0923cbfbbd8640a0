"""Dead letters: whatever Kafka took as a record fits."""

import pytest
from prometheus_client import Counter

from recomind.errors import TooLargeError
from recomind.settings import Settings
from recomind.stream.batches import Batch
from recomind.stream.dead_letters import MAX_ORIGINAL_BYTES
from recomind_agents.dead_letters import send
from tests.unit.stream.records import LOG, action_record


class FakeApp:
    """Stands in for an app whose topic of dead letters has a limit."""

    def __init__(self, limit):
        self.limit, self.sent, self.options, self.actions_log = limit, [], Settings(partitions=4), LOG
        self.metrics = type("Metrics", (), {"dead_letters": Counter("n", "n", registry=None)})()

    async def send_records(self, topic, records):
        [some] = records.values()
        if max(len(one.value) for one in some) > self.limit:
            raise TooLargeError("Kafka", OSError(), "")
        self.sent += some


@pytest.mark.parametrize(
    ("limit", "length"), [(1 << 20, MAX_ORIGINAL_BYTES), (50_000, 1024), (1000, 0)], ids=["ours", "small", "tiny"]
)
async def test_a_dead_letter_of_a_large_record_holds_its_beginning_its_length_and_the_reason(limit, length):
    app, value = FakeApp(limit), b"x" * 1_300_000
    await send(app, Batch("video_actions_stream", 2, [action_record(value, offset=7)]))
    [dead_letter] = app.sent
    assert (dead_letter.key, dead_letter.value) == (b"video_actions_stream:2:7", value[:length])
    headers = dict(dead_letter.headers)
    assert headers["cut-from"] == b"1300000"
    assert headers["reason"] == b"1300000 bytes are too large for an action: at most 16384"


async def test_a_topic_that_takes_nothing_at_all_ends_the_attempts():
    with pytest.raises(TooLargeError):
        await send(FakeApp(-1), Batch("video_actions_stream", 2, [action_record(b"x" * 20_000)]))
