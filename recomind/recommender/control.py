"""The control group: a share of the users who get random lists; like rates of ranked lists are compared with theirs.

Who belongs to it is a pure function of the user id, so all workers agree and nothing is stored. A list holds videos of
the catalogue that the user has not acted on, each with equal probability; that probability is the propensity.
"""

from collections.abc import Callable
from hashlib import blake2b
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from recomind.recommender import place_sources, served
from recomind.recommender.factors import users
from recomind.recommender.index.columns import Rows
from recomind.recommender.index.seen import listed_unseen
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.like_rates import like_rates
from recomind.recommender.slate import Pick, Slate
from recomind.state.profile import Profile

_SALT: Final = b"control"
"""Each split of the users by a hash of the id needs a salt of its own, so that splits are independent."""


def in_control_group(user_id: str, share: float) -> bool:
    """Whether a user belongs to the control group, if it has this share of the users.

    >>> sum(in_control_group(f"u{number}", 0.05) for number in range(10_000))
    517
    """
    if not share:
        return False
    digest = blake2b(user_id.encode(), digest_size=8, salt=_SALT).digest()
    return int.from_bytes(digest, "little") < share * 2**64


def random_slate(
    index: VideoIndex,
    user_id: str,
    profile: Profile,
    now: float,
    version: int,
    n: int,
    eligible: Callable[[Rows], NDArray[np.bool_]] | None = None,
) -> Slate:
    """A slate of `n` random videos of the catalogue; it changes with each action of the user and each new video.

    Args:
        index: of all videos.
        user_id: the user's.
        profile: the user's, complete: what it holds in `seen` is left out.
        now: event time, epoch seconds.
        version: of the weights at this time, to be recorded; the weights themselves are not used.
        n: places.
        eligible: says of rows which of them the list may hold; None for all.
    """
    rows = listed_unseen(index.columns, np.arange(index.size), profile.seen)
    rows = rows if eligible is None else rows[eligible(rows)]
    seed = crc32(profile.seen + repr((user_id, profile.action_count)).encode())
    chosen = np.random.default_rng(seed).choice(rows, min(n, len(rows)), replace=False) if len(rows) else rows
    propensities = np.full(len(chosen), 1 / max(1, len(rows)))
    user = users.decode(profile.factors)
    factors, rates = index.factors.scores(chosen, user), like_rates(index, chosen, profile, user)
    shown = served.pack(propensities, np.zeros(len(chosen)), factors, index.factors.items(chosen), rates)
    picks = tuple(Pick(index.ids[row], 0.0, {}) for row in chosen.tolist())
    return Slate(picks, now, version, shown, bytes(place_sources.PLACE_BYTES * len(chosen)))
