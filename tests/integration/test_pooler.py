"""PostgreSQL behind PgBouncer in transaction mode, and addresses with parameters of libpq."""

import asyncio
import os
import shutil
import subprocess
import time
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from recomind.dev.stack.server import accepts_connections, free_port
from recomind.errors import SettingsError
from recomind.model.catalogue import Video
from recomind.stores.archive import Archive
from recomind.stores.archive_rows import ArchivedAction


@pytest.fixture
def pooler(stack, tmp_path):
    """The address of a PgBouncer in transaction mode before the stack's PostgreSQL."""
    program = shutil.which("pgbouncer")
    if program is None:
        pytest.skip("no pgbouncer here: it is in Debian's package pgbouncer")
    port, server = free_port(), stack.postgres.port
    (tmp_path / "users").write_text('"postgres" ""\n')
    (tmp_path / "pgbouncer.ini").write_text(
        f"[databases]\npostgres = host=127.0.0.1 port={server}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"pool_mode = transaction\nauth_type = trust\nauth_file = {tmp_path}/users\n"
    )
    as_user = "nobody" if os.geteuid() == 0 else None  # it refuses to run as root
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    process = subprocess.Popen([program, "-q", str(tmp_path / "pgbouncer.ini")], user=as_user)
    try:
        while not accepts_connections(port):
            assert process.poll() is None
            time.sleep(0.05)
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        process.terminate()
        process.wait(10)


async def test_a_pooler_in_transaction_mode_is_told_at_the_start(pooler):
    with pytest.raises(SettingsError, match="RECOMIND_POSTGRES_POOLING=transaction"):
        await Archive(pooler).open()


async def test_with_the_setting_everything_works_behind_a_pooler(pooler):
    archives = [Archive(pooler, "transaction") for _ in range(3)]
    user_id, now = uuid4().hex, datetime.now(UTC)
    for archive in archives:
        await archive.open()
    try:
        await archives[0].put_videos([Video(video_id=f"p{number}", title="T") for number in range(50)])
        for _ in range(20):
            for archive in archives:
                rows = [ArchivedAction(uuid4(), user_id, "p1", "like", now) for _ in range(10)]
                await asyncio.gather(*(archive.insert_actions([row], [number]) for number, row in enumerate(rows)))
                await archive.put_profiles([(user_id, ["t"], now.timestamp())])
        assert len(await archives[1].recent_actions(user_id, 1_000)) == 600
        assert sum([row.user_id == user_id async for row in archives[2].all_actions()]) == 600
        await archives[2].erase_user(user_id, 1_000)
        assert await archives[0].recent_actions(user_id, 1_000) == []
    finally:
        for archive in archives:
            await archive.close()


async def test_parameters_of_libpq_do_not_keep_a_worker_from_starting(stack):
    archive = Archive(f"{stack.settings.postgres_dsn}?connect_timeout=5&channel_binding=prefer&keepalives=1")
    await archive.open()
    await archive.close()


@pytest.mark.parametrize("end", ["/nowhere", "/postgres?no_such_parameter=1"])
async def test_a_refused_connection_is_told_in_a_sentence(stack, end):
    with pytest.raises(SettingsError, match="RECOMIND_POSTGRES_DSN: PostgreSQL refuses the connection"):
        await Archive(f"{stack.settings.postgres_dsn.rpartition('/')[0]}{end}").open()
