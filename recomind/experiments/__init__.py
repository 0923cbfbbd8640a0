"""Experiments: which arm a user is in, and what may be concluded from what users of arms did.

What belongs here: assignment, interleaving, sums of outcomes by arm, confidence sequences, checks of the sample ratio,
off-policy estimates, all as functions of values. What does not: ranking, I/O, clocks, randomness without a seed. May
import `model`.
"""
