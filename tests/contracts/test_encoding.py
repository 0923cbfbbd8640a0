"""The version of the encoding of values in the key-value store."""

import pytest

from recomind.errors import LogReplacedError, NewerEncodingError
from recomind.stores import keys
from recomind.stores.read_model import ReadModel
from recomind.stream.encoding import ENCODING_VERSION

CURRENT, NEWER = b"%d" % ENCODING_VERSION, b"%d" % (ENCODING_VERSION + 1)


@pytest.fixture
async def read_model(store):
    await store.delete([keys.ENCODING])
    yield ReadModel(store)
    await store.delete([keys.ENCODING])


async def test_the_version_is_written_if_absent_as_in_a_deployment_of_an_older_version(read_model):
    await read_model.check_encoding()
    assert await read_model.store.get_many([keys.ENCODING]) == [CURRENT]


async def test_the_current_version_is_accepted(read_model):
    await read_model.store.set_many({keys.ENCODING: CURRENT})
    await read_model.check_encoding()


async def test_an_older_version_is_raised_so_that_older_workers_stop(read_model):
    await read_model.store.set_many({keys.ENCODING: b"1"})
    await read_model.check_encoding()
    assert await read_model.store.get_many([keys.ENCODING]) == [CURRENT]


@pytest.mark.parametrize("version", [NEWER, b"1300", b"two"])
async def test_a_newer_version_is_refused_and_not_overwritten(read_model, version):
    await read_model.store.set_many({keys.ENCODING: version})
    with pytest.raises(
        NewerEncodingError, match=f"Redis .* version {version.decode()}, .* up to {ENCODING_VERSION}: run a"
    ):
        await read_model.check_encoding()
    assert await read_model.store.get_many([keys.ENCODING]) == [version]


async def test_the_version_is_checked_again_whenever_lost_partitions_are_looked_for(read_model):
    await read_model.check_encoding()
    await read_model.store.set_many({keys.ENCODING: NEWER})
    with pytest.raises(NewerEncodingError):
        await read_model.lost_partitions([0])


async def test_the_version_is_written_again_after_a_flush(read_model):
    await read_model.check_encoding()
    await read_model.store.delete([keys.ENCODING])
    await read_model.lost_partitions([0])
    assert await read_model.store.get_many([keys.ENCODING]) == [CURRENT]


async def test_values_of_another_log_are_refused_and_not_overwritten(read_model):
    await read_model.store.delete([keys.LOG])
    for log_id in ("cluster/one", "cluster/one"):
        read_model.log_id = log_id
        await read_model.check_encoding()
    read_model.log_id = "cluster/two"
    with pytest.raises(LogReplacedError, match="Redis was made from the log cluster/one, but Kafka has cluster/two"):
        await read_model.check_encoding()
    assert await read_model.store.get_many([keys.LOG]) == [b"cluster/one"]
    await read_model.store.delete([keys.LOG])
