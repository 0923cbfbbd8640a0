"""For which local context a list is ranked, and whether a stored list suits a request.

What a request says comes first, then the user's latest action, then the country in the user's metadata. A part of which
nothing is known is left out: a list for it would be the one without it. A stored list carries the local context for
which it was ranked at the end of its key. A request that says nothing of place and hour takes the stored list as it is.
"""

from typing import Final

from recomind.model.local_context import country_of, quarter_of
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.policy.policy import ListRequest
from recomind.state.profile import Profile

QUARTER_HOLDS_S: Final = 3 * 3600.0
"""Time after which the quarter of the day of a user's latest action is no longer that of a request."""

_SEPARATOR: Final = "@"
"""Between the key of the policy, which does not hold it, and the local context."""


def local_to_rank(asked: ListRequest, profile: Profile, country: str | None, now: float, index: VideoIndex) -> str:
    """The local context for which a list is ranked.

    Args:
        asked: the request.
        profile: the user's.
        country: in the user's metadata.
        now: event time, epoch seconds.
        index: what is known of local contexts.
    """
    own, is_recent = profile.local, now - profile.last_at <= QUARTER_HOLDS_S
    said = known_local(asked.local, index)
    country = country_of(said) or country_of(own) or country or asked.likely_country
    quarter = quarter_of(said) or (quarter_of(own) if is_recent else "")
    return known_local(country + quarter, index) if country or quarter else ""


def known_local(local: str, index: VideoIndex) -> str:
    """A local context without the parts of which nothing has been counted."""
    parts = country_of(local), quarter_of(local)
    return "".join(part for part in parts if part and index.local.effects.knows(part))


def list_key(policy_key: str, local: str) -> str:
    """The key of a list: of its policy, and the local context for which it was ranked.

    >>> list_key("", ""), list_key("a1", "DE3")
    ('', 'a1@DE3')
    """
    return f"{policy_key}{_SEPARATOR}{local}" if local else policy_key


def local_of_key(key: str) -> str:
    """The local context for which the list with a key was ranked.

    >>> local_of_key("a1@DE3"), local_of_key("a1")
    ('DE3', '')
    """
    return key.partition(_SEPARATOR)[2]


def is_current(key: str, policy_key: str, asked: str) -> bool:
    """Whether a stored list suits a request.

    >>> [is_current("a1@DE3", "a1", asked) for asked in ("", "DE", "3", "DE3", "FR3", "DE0")]
    [True, True, True, True, False, False]
    >>> is_current("a1@DE3", "b2", ""), is_current("a1", "a1", "DE")
    (False, False)

    Args:
        key: of the list, see `list_key`.
        policy_key: of the policy that acts now.
        asked: the local context of the request, as far as anything is known of it.
    """
    own_key, _, local = key.partition(_SEPARATOR)
    is_local = country_of(asked) in {"", country_of(local)} and quarter_of(asked) in {"", quarter_of(local)}
    return own_key == policy_key and is_local
