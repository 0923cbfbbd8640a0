"""The learned blend of all sources: features of a candidate, the model that scores them, its hidden layer.

What belongs here: arithmetic over arrays of candidates and the online learning rule. What does not: which candidates
there are (`candidates`), what is shown (`slate`). May import `recommender.index` and `state`.
"""
