"""Where recommendations come from: one source a file, each `propose(person, index) -> Candidates`.

What belongs here: finding videos worth ranking and saying how strongly each is meant. What does not: the blend of
sources (`ranking`), filters for what was seen, I/O. `sources` lists them all, with the strategy each belongs to.
May import `ranking.index` and `state`.
"""
