"""The blocks of all users of one process: what a worker has in two tables, as dictionaries."""

from collections.abc import Mapping

from recomind.state import older_feedback, seen_blocks
from recomind.state.fingerprints import InBlocks
from recomind.state.older_feedback import InOlder, OlderFeedback, OlderSearch
from recomind.state.profile import Profile
from recomind.state.seen_blocks import Block, BlockSearch, SeenBlock, block_key, block_keys


class UserBlocks:
    """Blocks of seen videos and of older feedback, by key as in the tables."""

    def __init__(self) -> None:
        self.seen: dict[str, SeenBlock] = {}
        self.older: dict[str, OlderFeedback] = {}
        self._search = BlockSearch(lambda user_id, number: self.seen[block_key(user_id, number)])
        self._older_search = OlderSearch(lambda user_id, number: self.older[block_key(user_id, number)])

    def of_user(self, user_id: str, profile: Profile) -> tuple[InBlocks, InOlder]:
        """What a fold reads of a user's blocks."""
        return self._search.of_user(user_id, profile), self._older_search.of_user(user_id, profile)

    def seal_after(self, user_id: str, before: Profile, after: Profile) -> Profile:
        """Seal a profile after an event, and store the blocks that have changed."""
        after, seen = seen_blocks.seal_after(user_id, before, after)
        after, older = older_feedback.seal_after(user_id, before, after)
        _store(self.seen, seen)
        _store(self.older, older)
        return after

    def complete(self, user_id: str, profile: Profile) -> Profile:
        """A user's profile with all videos acted on."""
        return seen_blocks.complete(profile, map(self.seen.__getitem__, block_keys(user_id, profile.seen_blocks)))


def _store(blocks: dict[str, Block], changes: Mapping[str, Block | None]) -> None:
    for key, block in changes.items():
        if block is None:
            del blocks[key]
        else:
            blocks[key] = block
