"""From candidates to a slate: index, features, blend, diversity, metrics. All of it numpy, none of it I/O.

What belongs here: arithmetic over arrays of videos. What does not: where candidates come from (`candidates`), how
state is kept (`state`), clocks and randomness (both are arguments). May import `state`, `catalogue`, `signals`.
"""
