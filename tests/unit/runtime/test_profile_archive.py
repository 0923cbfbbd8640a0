"""Users' top tags in the archive: only those of users whose partition the worker still owns."""

from types import SimpleNamespace

import pytest

from recomind.runtime.profile_archive import ArchivedProfile, ProfileArchive
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.read_model import STAGE_PROFILE, ReadModel
from recomind.stream.partitioner import partition_of

PARTITIONS = 4


class Archive:
    """Notes what is written."""

    def __init__(self):
        self.written, self.deleted = [], []

    async def put_profiles(self, rows):
        self.written += [user_id for user_id, *_ in rows]

    async def delete_profiles(self, user_ids):
        self.deleted += user_ids


def user_of(partition):
    return next(name for name in map(str, range(99)) if partition_of(name, PARTITIONS) == partition)


@pytest.mark.parametrize("tags", [b'["cats"]', None], ids=["top tags", "erased"])
async def test_values_of_a_partition_that_has_moved_meanwhile_are_not_archived_over_those_of_its_new_owner(tags):
    archive, table, model = Archive(), SimpleNamespace(partitions=[1, 2]), ReadModel(InMemoryStore())
    profiles = ProfileArchive(archive, model, PARTITIONS, {"profiles": table})
    for partition in (1, 2):
        profiles.add(user_of(partition), ArchivedProfile(tags, 1.0, -1 if tags else 7))
    table.partitions = [1]
    await profiles.flush()
    assert archive.written + archive.deleted == [user_of(1)]
    if tags is None:
        assert await model.erasure_progress(user_of(1), [STAGE_PROFILE]) == {STAGE_PROFILE: 7}
        assert await model.erasure_progress(user_of(2), [STAGE_PROFILE]) == {STAGE_PROFILE: -1}
