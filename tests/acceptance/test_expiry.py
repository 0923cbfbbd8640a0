"""An anonymous session that does nothing for long expires: its state goes, and what it has counted stays."""

import time
from dataclasses import replace

import aiohttp

from recomind.offline.verification.verify import verify
from recomind.stores import keys
from recomind.stores.redis_store import RedisStore
from tests.conftest import workers
from tests.web.test_api import act, get, put_videos, wait_for
from tests.web.test_merging import rows_of

TTL_S = 4.0


async def test_an_idle_session_expires_and_its_likes_count_on(new_stack, tmp_path):
    settings = replace(new_stack.settings, anonymous_ttl=TTL_S)
    with workers(settings, tmp_path) as start:
        worker = start().wait_ready()
        redis = RedisStore(settings.redis_url)
        async with aiohttp.ClientSession(worker.base_url) as http:
            videos = await put_videos(http, 4, "tag")
            started = time.monotonic()
            await act(http, "session:idle", videos[0])
            await act(http, "account", videos[1])

            async def has_acted():
                return (await get(http, "/users/session:idle/profile"))["likes"] == 1

            async def has_expired():
                return (await get(http, "/users/session:idle/profile"))["likes"] == 0

            await wait_for(has_acted)
            await wait_for(has_expired, 30)
            assert time.monotonic() - started >= TTL_S

            async def rows_are_gone():
                return await rows_of(worker, "session:idle", "account") == [("account", videos[1], "like")]

            await wait_for(rows_are_gone)
            assert await redis.get_many([keys.user_state("session:idle")]) == [None]
            assert (await get(http, "/users/account/profile"))["likes"] == 1
            trends = await get(http, "/trending/details?n=50&tag=tag")
            assert {one["video_id"]: one["likes"] for one in trends} == dict.fromkeys(videos[:2], 1)
            await act(http, "session:idle", videos[2])  # a new session
            await wait_for(has_acted)
            await wait_for(has_expired, 30)
            await wait_for(rows_are_gone)
        await redis.close()
        report = await verify(replace(settings, anonymous_ttl=1e6), within=60)
        assert report.differences == []
