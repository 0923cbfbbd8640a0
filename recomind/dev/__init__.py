"""For development and trying out: embedded servers, a simulator of users, the benchmark.

What belongs here: what a production deployment does without. May import everything below `cli`.
"""
