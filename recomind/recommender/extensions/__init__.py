"""Rankers, sources, filters and arrangers of one's own, and rankers that are built in beside the hybrid.

Nothing here has I/O or a clock. An extension may have both; a guard keeps its faults out of lists.
"""
