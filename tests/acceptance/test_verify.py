"""`recomind verify`: silent where all is right, and telling of anything that is not."""

import asyncio
import json
import os
import subprocess
import sys

import asyncpg
import msgspec
import pytest

from recomind.dev.simulator import Audience
from recomind.errors import UnsettledError
from recomind.model.signals import Touched
from recomind.offline.verification.verify import verify
from recomind.state.popularity import Popularity
from recomind.stores import keys
from recomind.stores.redis_store import RedisValues
from recomind.stream import topics
from recomind.stream.codec import pack_signals
from recomind.stream.connection import client_options
from recomind.stream.log_replay import feed
from recomind.stream.partitioner import partition_of
from recomind.stream.producer import Outgoing, Sender
from tests.acceptance.test_exactness import reactions, send_badly
from tests.conftest import workers


async def test_verify_finds_nothing_on_an_honest_system_and_each_thing_that_was_changed(new_stack, tmp_path):
    settings, audience = new_stack.settings, Audience(40, 100, 3)
    actions = list(reactions(audience, 1500))
    with workers(settings, tmp_path) as start:
        worker = start().wait_ready()
        await feed(settings, actions[:500])
        await send_badly(settings, actions[500:])
        report = await verify(settings, within=120)
        assert report.differences == []
        assert report.is_clean
        assert report.compared["PostgreSQL video_actions"] == 1500
        assert min(report.compared.values()) > 0
        assert command(settings).returncode == 0
        assert worker.stop() == 0
    liked = next(action for action in actions if action.action_type == "like")
    await falsify(settings, liked)
    told = command(settings)
    assert told.returncode == 1
    found = json.loads(told.stdout)
    assert found["differing"].keys() >= {
        "PostgreSQL video_actions",
        "PostgreSQL user_profiles",
        "PostgreSQL video_popularity",
        "Redis user_state",
        "Redis video_neighbours",
        "Redis video_popularity",
        "Redis recommendations",
        "table popularity",
    }
    assert found["differing"]["PostgreSQL video_actions"] == 2  # one is gone, one is a stranger
    assert not found["clean"]
    await send_false_signal(settings, liked)
    with pytest.raises(UnsettledError, match="1 records behind"):
        await verify(settings, within=1)
    with workers(settings, tmp_path) as start:
        start().wait_ready()
        report = await verify(settings, within=60)
        assert report.differing[f"topic {topics.SIGNALS}"] == 1


def command(settings):
    environment = {**os.environ, **settings.environ()}
    line = [sys.executable, "-m", "recomind", "verify", "--json"]
    return subprocess.run(line, env=environment, capture_output=True, text=True, check=False, timeout=120)


async def falsify(settings, liked):
    """Change one value in each place."""
    connection = await asyncpg.connect(settings.postgres_dsn)
    await connection.execute("DELETE FROM video_actions WHERE id = $1", liked.event_id)
    await connection.execute("INSERT INTO video_actions VALUES (gen_random_uuid(), 'x', 'y', 'like', now())")
    await connection.execute("DELETE FROM user_profiles WHERE user_id = $1", liked.user_id)
    await connection.execute("UPDATE video_popularity SET score = score + 1 WHERE video_id = $1", liked.video_id)
    await connection.close()
    values = RedisValues(settings.redis_url)
    await values.delete([keys.video_neighbours(liked.video_id)])
    await values.set_many({keys.video_popularity("nobody's"): msgspec.msgpack.encode(Popularity())})
    await values.delete([keys.user_state(liked.user_id)])
    stored = [key async for key in values.keys_under("user_state:")]
    other = next(key for key in stored if key != keys.user_state(liked.user_id))
    card = {"video_id": liked.video_id, "title": "", "url": "", "tags": []}
    everything = [{**card, "video_id": f"v{n}"} for n in range(100)]
    await values.set_many({keys.recommendations(other.removeprefix("user_state:")): json.dumps(everything).encode()})
    await values.close()
    await send(
        settings, topics.changelog(settings.app_id, "popularity"), b"nobody's", msgspec.msgpack.encode(Popularity())
    )


async def send_false_signal(settings, liked):
    touched = Touched(liked.video_id, 0, 10**9, 1.0, liked.user_id, "view")
    await send(settings, topics.SIGNALS, None, pack_signals([touched]), partition_of(liked.video_id, 4))


async def send(settings, topic, key, value, partition=0):
    sender = Sender(client_options(settings))
    await sender.start()
    await sender.send_all(topic, partition, [Outgoing(key, value)])
    await sender.stop()
    await asyncio.sleep(0)
