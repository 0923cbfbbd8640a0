"""A user's factors as they are kept in the profile.

Single floats, then the event time of the latest outcome as a double, then impressions, likes, watch times and their sum
as single floats. Earlier versions had none of these four, or the first two.
"""

from struct import pack, unpack_from
from typing import Final

import numpy as np

from recomind.recommender.factors.gaussians import WIDTH
from recomind.recommender.factors.model import NEW_USER, UserFactors

_COUNTS: Final = "<dffff"


def encode(user: UserFactors) -> bytes:
    """A user's factors as bytes."""
    packed: bytes = np.concatenate([user.mean, user.variance]).astype("<f4").tobytes()
    return packed + pack(_COUNTS, user.updated_at, user.impressions, user.likes, user.watches, user.watched)


def decode(packed: bytes) -> UserFactors:
    """A user's factors from bytes; those of a new user from no bytes."""
    if not packed:
        return NEW_USER
    values = np.frombuffer(packed, "<f4", 2 * WIDTH)
    counts = unpack_from(_COUNTS, packed + bytes(16), 8 * WIDTH)
    return UserFactors(values[:WIDTH], values[WIDTH:], *counts)
