"""Records carry the version of their encoding; a worker and `recomind verify` stop at a newer one."""

import os
import subprocess
import sys
import urllib.request

from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.encoding import ENCODING_VERSION
from recomind.stream.log_reader import read_to_end
from recomind.stream.partitioner import partition_of
from recomind.stream.producer import Producer, ProducerRecord
from tests.conftest import workers

ACTION = b'{"user_id":"u","video_id":"v","action_type":"like"}'

NEWER = ENCODING_VERSION + 1
SENTENCE = (
    f"holds data of encoding version {NEWER}, but this RecoMind reads versions up to {ENCODING_VERSION}: "
    "run a RecoMind of at least"
)


def post_action(base_url):
    request = urllib.request.Request(f"{base_url}/video_action", ACTION, method="POST")
    urllib.request.urlopen(request).close()


async def headers_in(settings, topic):
    """The headers of all records of a topic."""
    kafka, partitions = client_options(settings), range(settings.partitions)
    return [dict(one.headers) async for _, records in read_to_end(kafka, topic, partitions) for one in records]


async def write_tombstone(settings, topic, key, headers):
    producer = Producer(client_options(settings))
    await producer.start()
    tombstone = ProducerRecord(key.encode(), None, headers)
    await producer.send_in_order(topic, partition_of(key, settings.partitions), [tombstone])
    await producer.stop()


def verify(settings):
    command = [sys.executable, "-m", "recomind", "verify"]
    environment = {**os.environ, **settings.environ()}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


async def test_a_worker_and_verify_stop_at_a_changelog_record_of_a_newer_version(new_stack, tmp_path):
    settings = new_stack.settings
    profiles = topics.changelog(settings.app_id, "profiles")
    with workers(settings, tmp_path) as start:
        worker = start().wait_ready()
        post_action(worker.base_url)
        assert verify(settings).returncode == 0
        assert worker.stop() == 0
        for topic in (profiles, topics.changelog(settings.app_id, "popularity"), topics.SIGNALS):
            headers = await headers_in(settings, topic)
            assert headers == [{"v": b"%d" % ENCODING_VERSION}] * len(headers) != []
        await write_tombstone(settings, profiles, "u", (("v", b"%d" % NEWER),))
        refusing = start()
        assert refusing.process.wait(60) == 1
        assert f"topic {profiles} {SENTENCE}" in refusing.log.read_text()
    done = verify(settings)
    assert done.returncode == 2
    assert f"topic {profiles} {SENTENCE}" in done.stderr
