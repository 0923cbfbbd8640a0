"""People, and who liked what lately: a row a person, so that similar tastes are found by arithmetic over arrays."""

from collections.abc import Iterable
from typing import Final

import numpy as np

from recomind.recommender.index.columns import Rows

LATEST: Final = 10
"""How many of a person's latest likes are kept."""


class People:
    """`rows` maps an id to its row, `ids` back; arrays of shape (capacity, ...), their first `len(ids)` rows in use."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self.ids: list[str] = []
        self.likes: Rows = np.full((1024, LATEST), -1, np.int64)
        """Rows of the videos each liked last; -1 where there are fewer."""
        self.slot: Rows = np.zeros(1024, np.int64)
        """Scratch: where a row stands in the list at hand."""

    def rows_of(self, user_ids: Iterable[str]) -> list[int]:
        """The rows of people, made where they are new."""
        return [self._row(user_id) for user_id in user_ids]

    def forget(self, user_id: str) -> None:
        """Know nothing of a person any more; a row that nobody has any longer is that of the id ""."""
        row = self.rows.pop(user_id, None)
        if row is not None:
            self.ids[row], self.likes[row] = "", -1

    def put_likes(self, user_id: str, liked: Rows) -> None:
        """The videos that a person liked last, at most `LATEST`."""
        row = self._row(user_id)
        self.likes[row] = -1
        self.likes[row, : len(liked)] = liked

    def _row(self, user_id: str) -> int:
        row = self.rows.get(user_id)
        if row is None:
            row = self.rows[user_id] = len(self.ids)
            self.ids.append(user_id)
            if len(self.ids) > len(self.likes):
                self.likes = np.concatenate([self.likes, np.full_like(self.likes, -1)])
                self.slot = np.concatenate([self.slot, np.zeros_like(self.slot)])
        return row
