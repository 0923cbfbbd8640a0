"""Candidate generation: one source a file, each `propose(user, index) -> Candidates`.

What belongs here: finding videos worth ranking, with a score of how strongly each is proposed. What does not: the
blend of sources (`blend`), filters for seen videos (`pool`), I/O. `registry` lists all sources, with the strategy each
belongs to. May import `recommender.index` and `state`. Sources do not import each other.
"""
