"""Completes profiles for ranking: adds the fingerprints of all videos that a user has acted on.

Blocks of the worker's own users come from its table, others from the read model. Where one is missing, the archive
says what the user has acted on. Nothing is kept: a complete profile lives as long as its ranking.
"""

from collections.abc import Callable, Mapping

from recomind.state.profile import Profile
from recomind.state.seen_blocks import SeenBlock, block_of_videos, complete
from recomind.stores import seen_blocks
from recomind.stores.archive import Archive
from recomind.stores.read_model import ReadModel
from recomind.stores.seen_blocks import Place

OwnBlock = Callable[[str, int], SeenBlock | None]
"""Returns a block by user id and number; None if the user is not the worker's."""


class ProfileCompleter:
    """Reads blocks of seen videos."""

    def __init__(self, read_model: ReadModel, archive: Archive) -> None:
        self._read_model = read_model
        self._archive = archive
        self.own_block: OwnBlock = lambda _user_id, _number: None

    async def complete(self, users: Mapping[str, Profile]) -> dict[str, Profile]:
        """Users' profiles with all videos acted on in `seen`.

        Raises:
            UnavailableError: a block is missing, and the archive is unavailable.
        """
        places = [(user, number) for user, profile in users.items() for number in range(profile.seen_blocks)]
        if not places:
            return dict(users)
        blocks = {place: block for place in places if (block := self.own_block(*place)) is not None}
        blocks |= await seen_blocks.get(self._read_model.store, [one for one in places if one not in blocks])
        return {user: await self._complete(user, profile, blocks) for user, profile in users.items()}

    async def _complete(self, user_id: str, profile: Profile, blocks: Mapping[Place, SeenBlock]) -> Profile:
        found = [blocks[place] for number in range(profile.seen_blocks) if (place := (user_id, number)) in blocks]
        if len(found) < profile.seen_blocks:
            found = [await self.archived(user_id)]
        return complete(profile, found) if found else profile

    async def archived(self, user_id: str) -> SeenBlock:
        """All videos that the archive knows the user has acted on."""
        return block_of_videos(await self._archive.seen_videos(user_id))
