"""Checks the version of the encoding of all values in Redis (see `recomind.stream.encoding`).

RecoMind 0.1.0 wrote no version, and its encoding is version 1: an absent key is written, never refused. An older
version is raised: workers that cannot read what this one writes stop when they check it next.
"""

from recomind.stores import keys
from recomind.stores.key_value import KeyValueStore
from recomind.stream.encoding import ENCODING_VERSION, check_version


async def check_encoding(store: KeyValueStore) -> None:
    """Compare the stored version with `ENCODING_VERSION`; write it if there is none, or an older one.

    Raises:
        NewerEncodingError: a newer RecoMind has written the values.
    """
    [found] = await store.get_many([keys.ENCODING])
    if found is None:
        await store.set_if_absent({keys.ENCODING: b"%d" % ENCODING_VERSION}, None, (keys.ENCODING, None))
        [found] = await store.get_many([keys.ENCODING])
    if found is not None:
        check_version(f"Redis (key {keys.ENCODING})", found)
        if int(found) < ENCODING_VERSION:
            await store.set_many({keys.ENCODING: b"%d" % ENCODING_VERSION})
