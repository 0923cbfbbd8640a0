"""The embedded servers keep their data, stop with the command that started them, and are never shared."""

import os
import signal
import subprocess
import sys
import time

import asyncpg
import pytest

from recomind.dev.stack.server import accepts_connections
from recomind.dev.stack.stack import Stack
from recomind.errors import StackError
from recomind.settings import Settings


async def query(dsn, sql):
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(sql)
    finally:
        await connection.close()


def only_postgres(folder):
    return Settings(data_dir=str(folder), kafka_brokers="elsewhere:1", redis_url="redis://elsewhere/0")


async def test_a_second_start_finds_the_data_of_the_first(tmp_path):
    with Stack(only_postgres(tmp_path)) as stack:
        await query_postgres(stack, "CREATE TABLE kept AS SELECT 7 AS n")
    with Stack(only_postgres(tmp_path)) as stack:
        assert (await query_postgres(stack, "SELECT n FROM kept"))[0]["n"] == 7


async def query_postgres(stack, sql):
    return await query(stack.settings.postgres_dsn, sql)


def test_no_server_is_started_if_all_addresses_are_given(tmp_path):
    given = Settings(data_dir=str(tmp_path), kafka_brokers="k:1", postgres_dsn="p", redis_url="r")
    with Stack(given) as stack:
        assert stack.servers == []
        assert stack.settings == given


def test_a_folder_in_use_is_refused(tmp_path):
    with Stack(only_postgres(tmp_path)), pytest.raises(StackError, match="in use"), Stack(only_postgres(tmp_path)):
        pass


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_server_outlives_the_command_that_started_it(tmp_path, number):
    environment = {**os.environ, **only_postgres(tmp_path).environ(), "RECOMIND_REDIS_URL": ""}
    environment = {name: value for name, value in environment.items() if value}
    process = subprocess.Popen(
        [sys.executable, "-m", "recomind", "stack"], env=environment, stdout=subprocess.PIPE, text=True
    )
    lines = [process.stdout.readline() for _ in range(3)]
    ports = [
        int(line.split(":")[2].split("/")[0])
        if "redis" in line
        else int(line.split("@")[1].split(":")[1].split("/")[0])
        for line in lines[1:]
    ]
    assert all(accepts_connections(port) for port in ports)
    process.send_signal(number)
    process.wait(30)
    process.stdout.close()
    deadline = time.monotonic() + 10
    while any(accepts_connections(port) for port in ports):
        assert time.monotonic() < deadline
        time.sleep(0.05)
