"""A record that is rerouted once more after its user has been erased, as after a kill, brings nothing back."""

import json
from dataclasses import replace

import aiohttp
import pytest
from aiokafka import AIOKafkaProducer

from recomind.offline.rebuild import rebuild
from recomind.offline.verification.verify import verify
from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.log_reader import read_to_end
from recomind.stream.partitioner import partition_of
from tests.conftest import workers
from tests.web.test_api import act, get, wait_for
from tests.web.test_forgetting import erase
from tests.web.test_forgetting import until_done as until_erased
from tests.web.test_merging import merge, rows_of, until_done

SESSION, USER, OTHER = (
    "session:gone",
    "account",
    next(one for one in map(str, range(99)) if partition_of(one, 4) == partition_of("session:gone", 4)),
)


async def rerouted_copies(settings, user):
    """The records of a user that a worker has rerouted."""
    return [
        record
        async for _, records in read_to_end(client_options(settings), topics.ACTIONS, [partition_of(user, 4)])
        for record in records
        if record.headers and json.loads(record.value)["user_id"] == user
    ]


@pytest.mark.parametrize("how", ["erased", "merged"])
async def test_a_record_that_is_rerouted_again_brings_no_row_back(new_stack, tmp_path, how):
    settings = replace(new_stack.settings, partitions=4)
    partition = partition_of(SESSION, 4)
    action = json.dumps({"user_id": SESSION, "video_id": "v1", "action_type": "like"}).encode()
    with workers(settings, tmp_path) as start:
        worker = start().wait_ready()
        async with (
            aiohttp.ClientSession(worker.base_url) as http,
            AIOKafkaProducer(bootstrap_servers=settings.kafka_brokers) as producer,
        ):
            await producer.send_and_wait(topics.ACTIONS, action, b"wrong", (partition + 1) % 4)

            async def is_archived():
                return await rows_of(worker, SESSION) == [(SESSION, "v1", "like")]

            await wait_for(is_archived, 30)
            if how == "erased":
                await until_erased(http, SESSION, (await erase(http, SESSION))["receipt"])
            else:
                await until_done(http, await merge(http, USER, SESSION))
            [copy] = await rerouted_copies(settings, SESSION)
            await producer.send_and_wait(topics.ACTIONS, copy.value, copy.key, partition, headers=list(copy.headers))
            await act(http, SESSION, "v2")  # of a new user
            await act(http, OTHER, "v3")

            async def is_after_it():
                return (OTHER, "v3", "like") in await rows_of(worker, OTHER)

            await wait_for(is_after_it, 30)
            assert await rows_of(worker, SESSION) == [(SESSION, "v2", "like")]
            assert (await get(http, f"/users/{SESSION}/profile"))["recent_likes"] == ["v2"]
        report = await verify(settings, within=60)
        assert report.differences == []
        state = await rebuild(settings, None, lambda _: None)
        assert [like.video_id for like in state.profiles[SESSION].likes] == ["v2"]
