"""What a user may do with a video, and what can be undone.

A producer writes the undo of an action as the same action with `"undo": true`. Everywhere behind the log its type is
that of the action with a prefix, `undo_like`, so that nothing which counts likes counts one that was undone.
"""

from typing import Final, Literal, get_args

ActionType = Literal[
    "view", "like", "skip", "dislike", "not_interested", "share", "comment", "follow", "save", "report"
]
"""What a user did: watched the video (`view`), liked it (`like`) or moved on (`skip`); or gave other feedback: disliked
it, wants no more of its kind, shared, saved or reported it, commented on it, or followed its creator because of it."""

ACTION_TYPES: Final[tuple[str, ...]] = get_args(ActionType)

FEEDBACK_TYPES: Final = ("dislike", "not_interested", "share", "comment", "follow", "save", "report")
"""Types beside view, like and skip. State holds their positions here: new ones are appended."""

REJECTIONS: Final = frozenset({"dislike", "not_interested", "report"})
"""Types after which a user is not to be shown the video, and less of its creator and its tags."""

UNDO_PREFIX: Final = "undo_"

UNDOABLE: Final = frozenset({"like", *FEEDBACK_TYPES})
"""Types that can be undone: a view and a skip have happened."""

UNDO_TYPES: Final = tuple(UNDO_PREFIX + one for one in ("like", *FEEDBACK_TYPES))

UNDONE_BY: Final = {UNDO_PREFIX + one: one for one in UNDOABLE}
"""Type of an undo to the type of what it undoes."""

FEEDBACK_CODES: Final = {name: code for code, name in enumerate(FEEDBACK_TYPES)}
