"""What other programs write into our topics: records without end, transactions, garbage."""

import base64
import random
from contextlib import asynccontextmanager
from uuid import uuid4

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.record.util import calc_crc32c

from recomind.model.events import Action
from recomind.stream import topics
from recomind.stream.log_replay import encode_action
from recomind.stream.partitioner import partition_of

BROKERS_DEFAULT_LIMIT = 1_048_588
"""Kafka's default of `max.message.bytes`."""

HEADER_NAMES = ("v", "recomind-origin", "recomind-logged-at", "reason", "logged-at", "cut-from", "x")


@asynccontextmanager
async def admin_of(settings):
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_brokers)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def limit_topics(settings, largest):
    """Set the size limit of every topic, without which it has the broker's."""
    async with admin_of(settings) as admin:
        for name, config in topics.topic_configs(settings).items():
            configs = {**config, "max.message.bytes": str(largest)}
            await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs)])


async def cut_log(settings, topic, offsets):
    """Delete records as retention does: partition to the first offset that stays."""
    async with admin_of(settings) as admin:
        await admin.delete_records(
            {TopicPartition(topic, one): RecordsToDelete(before_offset=offset) for one, offset in offsets.items()}
        )


@asynccontextmanager
async def producer_of(settings, **options):
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_brokers, max_request_size=4 << 20, **options)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


def with_header_name(data, name, other):
    """The bytes of a batch with another name of a header, of the same length, and the right checksum."""
    assert len(name) == len(other)
    assert data.count(name) == 1
    data = bytearray(data.replace(name, other))
    data[17:21] = calc_crc32c(bytes(data[21:])).to_bytes(4, "big")
    return bytes(data)


async def send_with_header_names(settings, count, seed):
    """Send an action for each of some new users, with names of headers that are any bytes; the users."""
    noise, users = random.Random(seed), []
    async with producer_of(settings, enable_idempotence=False) as producer:
        for _ in range(count):
            users.append(user := f"with-header-{uuid4()}")
            value = encode_action(Action(user, "v1", "like", 1.7e9))
            batch = producer.create_batch()
            batch.append(timestamp=None, key=user.encode(), value=value, headers=[("HEADER-NAME", b"x")])
            data = with_header_name(bytes(batch._build()), b"HEADER-NAME", noise.randbytes(11))
            batch._buffer = data
            await (await producer.send_batch(batch, topics.ACTIONS, partition=partition_of(user, 4)))
        for name in topics.topic_configs(settings):
            batch = producer.create_batch()
            batch.append(timestamp=None, key=b"x", value=b"x", headers=[("NAME", b"x")])
            batch._buffer = with_header_name(bytes(batch._build()), b"NAME", b"\xff\xfe\xfd\xfc")
            await (await producer.send_batch(batch, name, partition=noise.randrange(settings.partitions)))
    return users


async def send_large_records(settings, seed):
    """Records that fit into their topic, but whose dead letters would not: compressed, and just below the limit."""
    noise = random.Random(seed)
    async with producer_of(settings, compression_type="gzip") as producer:
        value = b'{"user_id":"u","x":"%s"}' % base64.b64encode(noise.randbytes(975_000))
        await producer.send_and_wait(topics.ACTIONS, value)
    async with producer_of(settings) as producer:
        for partition in range(settings.partitions):
            value = noise.randbytes(BROKERS_DEFAULT_LIMIT - 100)
            await producer.send_and_wait(topics.ACTIONS, value, partition=partition)


async def send_transactions(settings, transactions, size, commit):
    """Send likes of new users in transactions; the users."""
    users = []
    async with producer_of(settings, transactional_id=f"producer-{uuid4()}") as producer:
        for _ in range(transactions):
            await producer.begin_transaction()
            for _ in range(size):
                users.append(user := f"in-transaction-{uuid4()}")
                value, partition = encode_action(Action(user, "v1", "like", 1.7e9)), partition_of(user, 4)
                await producer.send(topics.ACTIONS, value, user.encode(), partition)
            await producer.flush()
            await (producer.commit_transaction() if commit else producer.abort_transaction())
    return users


def random_value(noise):
    """A value that is none, or random bytes, or nearly what belongs there."""
    kind = noise.randrange(5)
    if kind == 0:
        return None
    if kind == 1:
        return b'{"user_id":' + b"[" * noise.randrange(9_000)
    if kind == 2:
        return noise.choice([b"\x91" * 900, b"\x93\x80\xc0\xc0", b"\x82\x00\x01", b"null", b"[]"])
    return noise.randbytes(noise.randrange(200))


def random_headers(noise):
    values = (None, b"", b"1", b"0", b"x", b"\xff\xfe", b"99999", b"1:2", b"9" * 15, b"0:99999999999")
    return [(noise.choice(HEADER_NAMES), noise.choice(values)) for _ in range(noise.randrange(4))]


async def send_garbage(settings, count, seed):
    """Send records of every kind to every topic, but none that is valid or of a version at which a worker stops."""
    noise = random.Random(seed)
    async with producer_of(settings) as producer:
        for name in topics.topic_configs(settings):
            for _ in range(count):
                key = noise.choice([b"\xff\xfe", b"", noise.randbytes(6), b"no-such-thing", b"0:u1"])
                value, headers = random_value(noise), random_headers(noise)
                if name != topics.ACTIONS and value is None:
                    value = b""  # a tombstone would delete what another program has no right to delete
                partition = noise.randrange(settings.partitions)
                await producer.send(name, value, key, partition=partition, headers=headers)
        await producer.flush()
