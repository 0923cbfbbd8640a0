"""What rules did in lists: noted as each list is ranked, and counted for many lists at once."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from recomind.recommender.index.columns import Rows
from recomind.recommender.policy.compiled_rules import CompiledRules


class RuleEffects(NamedTuple):
    """What rules did in one list."""

    rules: CompiledRules
    rows: Rows
    """Of the list: boosts and buries that match them have moved them."""
    numbers: Rows
    """Of the rules that left out or pinned videos, one for each video."""


def count_effects(effects: Sequence[RuleEffects]) -> tuple[Rows, Rows]:
    """In how many lists each rule has acted, and on how many videos, both of shape (rules,).

    Args:
        effects: of at least one list, all of the same rules.
    """
    rules, width = effects[0].rules, len(effects[0].rules.ids)
    moving, positions = rules.moving_all(np.concatenate([one.rows for one in effects]))
    lists = np.arange(len(effects))
    list_of = np.concatenate(
        [
            np.repeat(lists, [len(one.rows) for one in effects])[positions],
            np.repeat(lists, [len(one.numbers) for one in effects]),
        ]
    )
    numbers = np.concatenate([moving, *(one.numbers for one in effects)])
    by_list = np.bincount(list_of * width + numbers, minlength=len(effects) * width).reshape(-1, width)
    return np.count_nonzero(by_list, axis=0), by_list.sum(axis=0)
