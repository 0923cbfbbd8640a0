"""The hybrid recommender: candidates, pool, features, blend, slate, and why a video is in a list.

`pipeline` is the entry point; `candidates/` holds one source a file, `index/` the arrays that ranking reads, `blend/`
the learned model, `explain/` the explanations. What does not belong here: how state is kept (`state`), I/O, clocks
and randomness (both are arguments). May import `state` and below.
"""
