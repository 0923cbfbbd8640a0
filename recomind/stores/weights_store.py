"""Versions of the learned weights in Redis: partial weights of workers, snapshots, and a version that is pinned."""

from collections.abc import Sequence
from typing import Final

import msgspec

from recomind.errors import InputError
from recomind.model.ids import Partition, all_partitions
from recomind.recommender.blend.model import STALE_AFTER, Weights
from recomind.stores import keys
from recomind.stores.key_value import KeyValueStore

MAX_SNAPSHOTS: Final = 20
"""The latest versions that are kept."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Weights).decode
_decode_snapshots = msgspec.msgpack.Decoder(list[tuple[str, Weights]]).decode

Snapshots = Sequence[tuple[str, Weights]]
"""(name, weights), the latest first."""


class WeightsStore:
    """Reads and writes weights; part of the read model."""

    store: KeyValueStore

    async def put_weights(self, partition: Partition, weights: Weights) -> None:
        """Store a worker's weights of the blend."""
        await self.store.set_many({keys.blend_weights(str(partition)): _encode(weights)})

    async def weights(self, partitions: int) -> list[Weights]:
        """The weights of all workers, and those that were published for all of them."""
        names = [keys.blend_weights(str(partition)) for partition in all_partitions(partitions)]
        found = await self.store.get_many([*names, keys.PUBLISHED_WEIGHTS])
        return [_decode(value) for value in found if value]

    async def publish_weights(self, weights: Weights, name: str) -> None:
        """Have all workers go on from weights: their own count as stale."""
        version = max(weights.version, await self._newest_partial() + STALE_AFTER + 1)
        published = msgspec.structs.replace(weights, version=version, steps=0)
        await self.store.set_many({keys.PUBLISHED_WEIGHTS: _encode(published)})
        await self.put_weights_snapshot(name, weights)

    async def newest_version(self) -> int:
        """The highest version of the weights that workers hold or go on from; 0 if there are none."""
        published = (await self.store.get_many([keys.PUBLISHED_WEIGHTS]))[0]
        return max(await self._newest_partial(), _decode(published).version if published else 0)

    async def _newest_partial(self) -> int:
        partials = [key async for key in self.store.scan_keys(keys.blend_weights(""))]
        return max((_decode(value).version for value in await self.store.get_many(partials) if value), default=0)

    async def put_weights_snapshot(self, name: str, weights: Weights) -> None:
        """Keep a version; the oldest one beyond `MAX_SNAPSHOTS` is dropped."""
        known = [(other, one) for other, one in await self.weights_snapshots() if other != name]
        await self.store.set_many({keys.WEIGHTS_SNAPSHOTS: _encode([(name, weights), *known][:MAX_SNAPSHOTS])})

    async def weights_snapshots(self) -> Snapshots:
        """The versions that are kept, the latest first."""
        value = (await self.store.get_many([keys.WEIGHTS_SNAPSHOTS]))[0]
        return _decode_snapshots(value) if value else []

    async def weights_snapshot(self, name: str) -> Weights:
        """A version by its name.

        Raises:
            InputError: it is not kept.
        """
        for known, weights in await self.weights_snapshots():
            if known == name:
                return weights
        raise InputError(f"there are no weights {name!r}: `recomind weights list` names those that are kept")

    async def pin_weights(self, name: str | None) -> None:
        """Have all workers rank with a version and learn nothing; None ends that.

        Raises:
            InputError: the version is not kept.
        """
        if name is None:
            await self.store.delete([keys.PINNED_WEIGHTS], None)
        else:
            await self.store.set_many({keys.PINNED_WEIGHTS: _encode(await self.weights_snapshot(name))})

    async def pinned_weights(self) -> Weights | None:
        """The weights that are pinned; None if workers learn."""
        value = (await self.store.get_many([keys.PINNED_WEIGHTS]))[0]
        return _decode(value) if value else None
