"""The factor model: the chance that a user likes a video that is shown, learned from each outcome.

What belongs here: the prior, the prediction and the Bayesian update, as arithmetic over arrays. What does not: which
lists were served (`state`), the choice among candidates (`blend`). May import `recommender.index.columns` and `model`.
"""
