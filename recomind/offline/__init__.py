"""Work on whole logs: evaluate the recommender, verify a deployment, rebuild state.

What belongs here: reading data sets, replaying a log through the core, recomputing state and comparing it with what
workers hold. What does not: folds (`state`), options and exit codes (`cli`). May import `stores` and below.
"""
