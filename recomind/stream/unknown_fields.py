"""Warns of fields of actions that this version does not know, or cannot read.

Once of each name, and of a bounded number of names.
"""

from collections.abc import Iterable
from typing import Final

from mode.utils.logging import get_logger

logger = get_logger(__name__)

MAX_NAMES: Final = 100
"""Names that are warned of; of further ones, a last line says that there are more."""

MAX_NAME_LENGTH: Final = 64
"""Characters of a name in the log of the worker."""


class UnknownFields:
    """The names that were warned of."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def note(self, names: Iterable[str]) -> None:
        """Note the unknown fields of an action."""
        for name in names:
            short = name[:MAX_NAME_LENGTH]
            if short not in self.names and len(self.names) < MAX_NAMES:
                self.names.add(short)
                logger.warning("actions have the field %r, which is kept in the log and means nothing here", short)
                if len(self.names) == MAX_NAMES:
                    logger.warning("actions have more than %s unknown fields: no more are named", MAX_NAMES - 1)


UNKNOWN_FIELDS: Final = UnknownFields()
"""Of this process."""
