"""The latest likes of users as an array, so that similar users are found by array arithmetic."""

from collections.abc import Iterable
from typing import Final

import numpy as np

from recomind.recommender.index.columns import Rows

LIKES_PER_USER: Final = 10
"""How many of a user's latest likes are kept."""


class UserLikes:
    """`rows` maps a user id to its row, `ids` back. Arrays have shape (capacity, ...); `len(ids)` rows are in use."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self.ids: list[str] = []
        self.likes: Rows = np.full((1024, LIKES_PER_USER), -1, np.int64)
        """Rows of the videos that each user liked last; -1 where there are fewer."""
        self.scratch_index: Rows = np.zeros(1024, np.int64)
        """Scratch space: the position of a row in an array of rows; valid only within a function."""

    def rows_of(self, user_ids: Iterable[str]) -> list[int]:
        """The rows of users; unknown users are added."""
        return [self._row(user_id) for user_id in user_ids]

    def remove_user(self, user_id: str) -> None:
        """Remove a user. Their row stays, without likes and with the id ""."""
        row = self.rows.pop(user_id, None)
        if row is not None:
            self.ids[row], self.likes[row] = "", -1

    def put_likes(self, user_id: str, liked: Rows) -> None:
        """Replace the videos that a user liked last, at most `LIKES_PER_USER`."""
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
                self.scratch_index = np.concatenate([self.scratch_index, np.zeros_like(self.scratch_index)])
        return row
