"""Immutable values that travel between processes: events, signals, videos, HTTP responses, applied offsets.

What belongs here: msgspec structs, their validation, encoding and decoding. What does not: folds (`state`), ranking
(`recommender`), I/O, numpy. May import `errors`.
"""
