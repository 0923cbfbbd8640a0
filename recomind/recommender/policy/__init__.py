"""What lists may hold and how rules arrange them: the stage between the sources and the score, and the one after it.

What belongs here: masks of filters, restrictions of a user, compiled rules, the policy of a request. What does not:
sources of candidates, features, I/O. May import `recommender.index`, `state` and `model`.
"""
