"""Explanations: why a video is in a list, why it is not, and how it trends.

What belongs here: explanations as values of `model.responses`. What does not: ranking itself, HTTP. May import the
rest of `recommender`.
"""
