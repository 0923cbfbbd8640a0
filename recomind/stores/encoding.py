"""Checks the version of the encoding of all values in Redis (see `recomind.stream.encoding`), and their log.

RecoMind 0.1.0 wrote no version, and its encoding is version 1: an absent key is written, never refused. An older
version is raised: workers that cannot read what this one writes stop when they check it next.
"""

from recomind.errors import LogReplacedError
from recomind.stores import keys
from recomind.stores.key_value import KeyValueStore
from recomind.stream.encoding import ENCODING_VERSION, check_version


async def check_encoding(store: KeyValueStore, log_id: str | None = None) -> None:
    """Compare the stored version and log with ours; write what is absent, and the version where it is older.

    Args:
        store: where the values are.
        log_id: the log that they have to be made from; None where that does not matter.

    Raises:
        NewerEncodingError: a newer RecoMind has written the values.
        LogReplacedError: the values were made from another log.
    """
    [found] = await store.get_many([keys.ENCODING])
    if found is None:
        await store.set_if_absent({keys.ENCODING: b"%d" % ENCODING_VERSION}, None, (keys.ENCODING, None))
        [found] = await store.get_many([keys.ENCODING])
    if found is not None:
        check_version(f"Redis (key {keys.ENCODING})", found)
        if int(found) < ENCODING_VERSION:
            await store.set_many({keys.ENCODING: b"%d" % ENCODING_VERSION})
    if log_id is not None:
        await _check_log(store, log_id)


async def _check_log(store: KeyValueStore, log_id: str) -> None:
    [found] = await store.get_many([keys.LOG])
    if found is None:
        await store.set_if_absent({keys.LOG: log_id.encode()}, None, (keys.LOG, None))
        [found] = await store.get_many([keys.LOG])
    if found is not None and found != log_id.encode():
        raise LogReplacedError("Redis", found.decode(errors="backslashreplace"), log_id)
