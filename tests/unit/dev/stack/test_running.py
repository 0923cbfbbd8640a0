"""A running stack is found by its data folder, and one that has ended is not."""

import asyncio
import os
from dataclasses import replace

import pytest

from recomind.dev.stack.running import (
    ADDRESSES_FILE,
    TrafficGate,
    lock_folder,
    paused_traffic,
    remove_addresses,
    running_settings,
    write_addresses,
)
from recomind.errors import StackError
from recomind.settings import Settings

OF_STACK = {"kafka_brokers": "k:1", "postgres_dsn": "postgresql://u:s3cret@p/d", "redis_url": "redis://r/0"}


@pytest.fixture
def stack(tmp_path):
    """The settings of a stack that runs in a folder."""
    settings = Settings(data_dir=str(tmp_path / "dätä, x"), partitions=4, app_id="shop", **OF_STACK)
    with lock_folder(settings.data_path):
        write_addresses(settings)
        yield settings


def test_a_running_stack_is_found_by_its_folder(stack):
    assert running_settings(Settings(data_dir=stack.data_dir)) == stack


def test_settings_that_name_another_server_are_left_alone(stack):
    given = Settings(data_dir=stack.data_dir, kafka_brokers="production:9092")
    assert running_settings(given) is None
    assert running_settings(replace(given, kafka_brokers="k:1")) == stack


def test_only_this_user_may_read_the_addresses(stack):
    assert (stack.data_path / ADDRESSES_FILE).stat().st_mode & 0o777 == 0o600


def test_a_stack_that_has_ended_or_was_killed_is_not_found(tmp_path):
    settings = Settings(data_dir=str(tmp_path), **OF_STACK)
    assert running_settings(settings) is None
    with lock_folder(tmp_path):
        write_addresses(settings)
    assert running_settings(settings) is None  # killed: the file is there, the lock is not
    with lock_folder(tmp_path):
        remove_addresses(tmp_path)
        assert running_settings(settings) is None


def test_a_folder_in_use_is_refused_with_the_process_that_uses_it(stack):
    with pytest.raises(StackError, match=f"process {os.getpid()}: stop that one"):
        lock_folder(stack.data_path)


async def test_no_visit_is_made_in_the_pause_and_it_goes_on_afterwards(tmp_path):
    gate, passed = TrafficGate(tmp_path), []

    async def traffic():
        while True:
            async with gate.passing():
                passed.append(True)
            await asyncio.sleep(0.001)

    task, pause = asyncio.create_task(traffic()), paused_traffic(tmp_path)
    await asyncio.to_thread(pause.__enter__)
    before = len(passed)
    await asyncio.sleep(0.2)
    assert len(passed) == before
    pause.__exit__(None, None, None)
    await asyncio.sleep(0.3)
    assert len(passed) > before
    task.cancel()


def test_where_no_demo_has_been_nothing_has_to_pause(tmp_path):
    with paused_traffic(tmp_path):
        assert list(tmp_path.iterdir()) == []
