"""What is stored with a list beside its videos."""

from hashlib import blake2b

from recomind.model.applied_offsets import AppliedOffsets
from recomind.model.rules import DEFAULT_SCENARIO
from recomind.recommender.policy.local_lists import list_key
from recomind.recommender.policy.policy import Policy
from recomind.recommender.slate import Slate
from recomind.stores.stored_lists import ListMeta


def meta_of(
    slate: Slate,
    videos: bytes,
    applied_offsets: AppliedOffsets,
    policy: Policy | None,
    local: str,
    *,
    is_control: bool,
    teams: bytes,
    returned: tuple[int, ...],
) -> ListMeta:
    """The meta of a list.

    Args:
        slate: the list.
        videos: its videos as they are stored.
        applied_offsets: of the profile that it was ranked for.
        policy: under which it was ranked.
        local: the local context for which it was ranked.
        is_control: whether it is a random list of the control group.
        teams: which of two interleaved lists each place is from; empty for a list that is not interleaved.
        returned: `VideoIndex.returned` when it was ranked.
    """
    sources = {pick.video_id: pick.sources for pick in slate.picks}
    return ListMeta(
        as_of=slate.as_of,
        applied_offsets=applied_offsets,
        version=slate.version,
        sources=sources,
        list_id=blake2b(videos + slate.shown, digest_size=8).hexdigest(),
        video_ids=tuple(sources),
        shown=slate.shown,
        place_sources=slate.place_sources,
        is_control=is_control,
        policy_key=list_key("" if policy is None else policy.key, local),
        scenario=DEFAULT_SCENARIO if policy is None else policy.scenario,
        arms={} if policy is None else dict(policy.arms),
        teams=teams,
        is_ranker_left_out=slate.is_ranker_left_out,
        returned=returned,
    )
