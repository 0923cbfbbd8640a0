"""Verification: recompute everything from the logs with the very folds of the live workers, and compare.

What belongs here: recomputing a partition (`people`, `videos`), comparing it with a store, the report. What does not:
folds (`recomind.state`), decoding (`agents.reading`), options and exit codes (`recomind.commands`). May import `agents`
and below.
"""
