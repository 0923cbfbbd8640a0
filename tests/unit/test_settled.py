"""Verification looks at lists only once the partition's mark says that they count everything."""

import pytest

from recomind.errors import UnsettledError
from recomind.offline.verification.quiescence import listed
from recomind.state.profile import Profile
from recomind.stores.memory_store import MemoryValues
from recomind.stores.read_model import ReadModel

PEOPLE = [Profile(origins={0: 4}), Profile(origins={0: 7, 65536: 2})]


@pytest.mark.parametrize("mark", [{}, {0: 7, 65536: 3}, {0: 8}, {0: 8, 65536: 2}])
async def test_a_mark_below_an_action_that_a_profile_counts_is_not_enough(mark):
    model = ReadModel(MemoryValues())
    await model.put_marks({0: mark})
    with pytest.raises(UnsettledError, match="people of partition 0 still wait"):
        await listed(model, 0, PEOPLE, within=0)


async def test_a_mark_that_redis_has_lost_is_not_enough():
    with pytest.raises(UnsettledError):
        await listed(ReadModel(MemoryValues()), 0, PEOPLE, within=0)


async def test_a_mark_above_all_that_profiles_count_is_enough():
    model = ReadModel(MemoryValues())
    await model.put_marks({0: {0: 8, 65536: 3}})
    await listed(model, 0, PEOPLE, within=0)


async def test_a_partition_without_people_needs_no_mark():
    await listed(ReadModel(MemoryValues()), 0, [], within=0)
