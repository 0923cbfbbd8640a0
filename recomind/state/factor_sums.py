"""Sums of a video's increments in the factor model: half floats in signals, single floats in its popularity."""

from collections.abc import Iterable

import numpy as np

from recomind.model.signals import FACTOR_WIDTH, ActionSignal, PassedOverSignal, UndoSignal


def are_valid(increments: bytes) -> bool:
    """Whether bytes are increments: finite half floats of a video, any number of tags, and two biases."""
    item_bytes, biases_bytes = 4 * FACTOR_WIDTH, 8
    if len(increments) < item_bytes + biases_bytes or (len(increments) - biases_bytes) % item_bytes:
        return False
    return bool(np.isfinite(np.frombuffer(increments, "<f2")).all())


def add_increments(sums: bytes, signals: Iterable[ActionSignal | PassedOverSignal | UndoSignal]) -> bytes:
    """Add the video's increments of signals, one after the other: sums of floats depend on the order."""
    added = [np.frombuffer(one.increments, "<f2")[: 2 * FACTOR_WIDTH] for one in signals if are_valid(one.increments)]
    if not added:
        return sums
    total = np.frombuffer(sums, "<f4").copy() if sums else np.zeros(2 * FACTOR_WIDTH, "<f4")
    for one in added:
        total += one
    packed: bytes = total.tobytes()
    return packed
