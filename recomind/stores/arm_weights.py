"""Weights that arms learn for themselves, from what their own users do, beside those of all other users."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Protocol

import msgspec

from recomind.experiments.book import Assigned
from recomind.model.ids import Partition, all_partitions
from recomind.recommender.blend.model import Weights
from recomind.stores import keys
from recomind.stores.key_value import KeyValueStore

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Weights).decode


class HasWeights(Protocol):
    """What ranks and learns with weights."""

    weights: Weights


class ArmWeights:
    """The weights of arms on this worker, by the name of `name_of`."""

    def __init__(self) -> None:
        self.learned: dict[str, Weights] = {}

    def of(self, name: str, shared: Weights) -> Weights:
        """The weights of an arm; those of all other users until it has its own, or if the name is empty."""
        return self.learned.get(name, shared) if name else shared

    @contextmanager
    def in_place_of(self, holder: HasWeights, name: str) -> Iterator[None]:
        """Have what is learned meanwhile change the weights of an arm; nothing may be awaited meanwhile."""
        shared, holder.weights = holder.weights, self.of(name, holder.weights)
        try:
            yield
        finally:
            self.learned[name], holder.weights = holder.weights, shared

    def retain(self, names: Collection[str]) -> None:
        """Forget the weights of all other arms."""
        self.learned = {name: one for name, one in self.learned.items() if name in names}


def name_of(assigned: tuple[Assigned, ...]) -> str:
    """Names the weights of a user with these arms; empty for those of all users. The last experiment counts."""
    own = [one.key for one in assigned if len(one.configuration) == 1 and one.configuration[0].own_weights]
    return own[-1] if own else ""


async def put_weights(store: KeyValueStore, name: str, partition: Partition, weights: Weights) -> None:
    """Store what a worker, of which this is the first partition, has learned for an arm."""
    await store.set_many({keys.arm_weights(name, partition): _encode(weights)}, keys.SERVED_COUNTS_TTL_S)


async def all_weights(store: KeyValueStore, name: str, partitions: int) -> list[Weights]:
    """What all workers have learned for an arm."""
    found = await store.get_many([keys.arm_weights(name, partition) for partition in all_partitions(partitions)])
    return [_decode(value) for value in found if value]
