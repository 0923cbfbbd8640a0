"""A user's factors as they are kept in the profile.

Single floats, then the event time of the latest outcome as a double, then impressions and likes as single floats.
Earlier versions had neither of these two.
"""

from struct import pack, unpack_from

import numpy as np

from recomind.recommender.factors.gaussians import WIDTH
from recomind.recommender.factors.model import NEW_USER, UserFactors


def encode(user: UserFactors) -> bytes:
    """A user's factors as bytes."""
    packed: bytes = np.concatenate([user.mean, user.variance]).astype("<f4").tobytes()
    return packed + pack("<dff", user.updated_at, user.impressions, user.likes)


def decode(packed: bytes) -> UserFactors:
    """A user's factors from bytes; those of a new user from no bytes."""
    if not packed:
        return NEW_USER
    values = np.frombuffer(packed, "<f4", 2 * WIDTH)
    counts = unpack_from("<dff", packed + bytes(8), 8 * WIDTH)
    return UserFactors(values[:WIDTH], values[WIDTH:], *counts)
