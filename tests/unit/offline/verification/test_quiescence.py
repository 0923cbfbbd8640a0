"""Verification reads lists only once the partition's watermark covers all applied actions."""

import pytest

from recomind.errors import UnsettledError
from recomind.offline.verification.quiescence import wait_until_listed
from recomind.state.profile import Profile
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.read_model import ReadModel

PROFILES = [Profile(applied_offsets={0: 4}), Profile(applied_offsets={0: 7, 65536: 2})]


@pytest.mark.parametrize("watermark", [{}, {0: 7, 65536: 3}, {0: 8}, {0: 8, 65536: 2}])
async def test_a_watermark_below_an_applied_action_is_not_enough(watermark):
    model = ReadModel(InMemoryStore())
    await model.put_watermarks({}, {0: watermark})
    with pytest.raises(UnsettledError, match="lists of partition 0 are still outdated"):
        await wait_until_listed(model, 0, PROFILES, within=0)


async def test_a_watermark_that_redis_has_lost_is_not_enough():
    with pytest.raises(UnsettledError):
        await wait_until_listed(ReadModel(InMemoryStore()), 0, PROFILES, within=0)


async def test_a_watermark_above_all_applied_actions_is_enough():
    model = ReadModel(InMemoryStore())
    await model.put_watermarks({}, {0: {0: 8, 65536: 3}})
    await wait_until_listed(model, 0, PROFILES, within=0)


async def test_a_partition_without_users_needs_no_watermark():
    await wait_until_listed(ReadModel(InMemoryStore()), 0, [], within=0)
