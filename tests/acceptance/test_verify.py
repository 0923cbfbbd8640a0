"""`recomind verify` finds no difference in a correct system, and reports each value that was changed."""

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
from recomind.model.events import Action
from recomind.model.signals import ActionSignal
from recomind.offline.verification import compare_merged, recompute_outcomes
from recomind.offline.verification.verify import verify
from recomind.state.popularity import Popularity
from recomind.state.seen_blocks import SeenBlock
from recomind.stores import keys
from recomind.stores.archive import Archive
from recomind.stores.redis_store import RedisStore
from recomind.stream import topics
from recomind.stream.codec import encode_signals
from recomind.stream.connection import client_options
from recomind.stream.log_replay import replay_log
from recomind.stream.partitioner import partition_of
from recomind.stream.producer import Producer, ProducerRecord
from tests.acceptance import recount
from tests.acceptance.test_exactness import send_with_faults, simulated_actions
from tests.conftest import workers


async def test_verify_finds_nothing_in_a_correct_system_and_every_value_that_was_changed(new_stack, tmp_path):
    settings, audience = new_stack.settings, Audience(40, 100, 3)
    actions = list(simulated_actions(audience, 1500))
    seen_much = [Action("devoted", f"w{number}", "view", 1.7e9 + number) for number in range(700)]
    likes = [Action("fan", f"l{number}", "like", 1.7e9 + number) for number in [*range(600), *range(0, 600, 3)]]
    undone = [Action("fan", f"l{number}", "undo_like", 1.7e9 + 700) for number in [0, 3, *range(100, 120), 599, 0]]
    with workers(settings, tmp_path) as start:
        worker = start().wait_ready()
        await replay_log(settings, actions[:500])
        await replay_log(settings, seen_much)
        await replay_log(settings, [*likes, *undone, Action("fan", "l0", "like", 1.7e9 + 701)])
        await put_videos(settings, audience.videos)
        await send_with_faults(settings, actions[500:])
        report = await verify(settings, within=120)
        assert report.differences == []
        assert report.is_clean
        assert report.compared["PostgreSQL video_actions"] == 3025
        assert report.compared["table older_feedback"] >= 20  # 600 likes, of which 48 are in the profile
        counts = await recount.table_counts(settings)
        assert [counts[f"l{number}"][0] for number in (0, 1, 3, 6, *range(100, 120), 599)] == [1, 1, 0, 2, *21 * [0]]
        assert report.compared["table seen_blocks"] == report.compared["Redis seen_block"] == 7
        assert report.notes == []
        elsewhere = {recompute_outcomes.STORE, compare_merged.STORE}  # see test_served_lists, test_merging
        assert {name for name, count in report.compared.items() if not count} == elsewhere
        assert run_verify(settings).returncode == 0
        assert worker.stop() == 0
    liked = next(action for action in actions if action.action_type == "like")
    await change_values(settings, liked)
    result = run_verify(settings)
    assert result.returncode == 1
    found = json.loads(result.stdout)
    assert found["differing"].keys() >= {
        "PostgreSQL video_actions",
        "PostgreSQL user_profiles",
        "PostgreSQL video_popularity",
        "Redis user_state",
        "Redis video_neighbours",
        "Redis video_popularity",
        "Redis recommendations",
        "Redis trending",
        "visible videos in Redis",
        "Redis seen_block",
        "table popularity",
    }
    assert found["differing"]["PostgreSQL video_actions"] == 2  # one row is missing, one is unexpected
    assert found["differing"]["Redis seen_block"] == 2  # likewise
    assert not found["clean"]
    await send_false_signal(settings, liked)
    with pytest.raises(UnsettledError, match="1 records behind"):
        await verify(settings, within=1)
    with workers(settings, tmp_path) as start:
        start().wait_ready()
        report = await verify(settings, within=60)
        assert report.differing[f"topic {topics.SIGNALS}"] == 1


async def put_videos(settings, videos):
    archive = Archive(settings.postgres_dsn)
    await archive.open()
    await archive.put_videos(videos)
    await archive.close()


def run_verify(settings):
    environment = {**os.environ, **settings.environ()}
    line = [sys.executable, "-m", "recomind", "verify", "--json"]
    return subprocess.run(line, env=environment, capture_output=True, text=True, check=False, timeout=120)


async def change_values(settings, liked):
    """Change one value in each store."""
    connection = await asyncpg.connect(settings.postgres_dsn)
    await connection.execute("DELETE FROM video_actions WHERE id = $1", liked.event_id)
    await connection.execute("INSERT INTO video_actions VALUES (gen_random_uuid(), 'x', 'y', 'like', now())")
    await connection.execute("DELETE FROM user_profiles WHERE user_id = $1", liked.user_id)
    await connection.execute("UPDATE video_popularity SET score = score + 1 WHERE video_id = $1", liked.video_id)
    await connection.execute("UPDATE videos SET hidden = true WHERE video_id = 'v0'")
    await connection.close()
    values = RedisStore(settings.redis_url)
    await values.delete([keys.video_neighbours(liked.video_id)])
    await values.delete([keys.windowed_top(partition_of(liked.video_id, 4), "")])
    await values.set_many({keys.video_popularity("nobody's"): msgspec.msgpack.encode(Popularity())})
    await values.delete([keys.user_state(liked.user_id), keys.seen_block("devoted", 0)])
    await values.set_many({keys.seen_block("devoted", 2): msgspec.msgpack.encode(SeenBlock({}, b""))})
    stored = [key async for key in values.scan_keys("user_state:")]
    other = next(key for key in stored if key != keys.user_state(liked.user_id))
    summary = {"video_id": liked.video_id, "title": "", "url": "", "tags": []}
    everything = [{**summary, "video_id": f"v{n}"} for n in range(100)]
    await values.set_many({keys.recommendations(other.removeprefix("user_state:")): json.dumps(everything).encode()})
    await values.close()
    await send(
        settings, topics.changelog(settings.app_id, "popularity"), b"nobody's", msgspec.msgpack.encode(Popularity())
    )


async def send_false_signal(settings, liked):
    signal = ActionSignal(liked.video_id, 0, 10**9, 1.0, liked.user_id, "view")
    await send(settings, topics.SIGNALS, None, encode_signals([signal]), partition_of(liked.video_id, 4))


async def send(settings, topic, key, value, partition=0):
    producer = Producer(client_options(settings))
    await producer.start()
    await producer.send_in_order(topic, partition, [ProducerRecord(key, value)])
    await producer.stop()
    await asyncio.sleep(0)
