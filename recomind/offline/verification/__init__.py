"""Verification: recompute everything from the logs with the very folds of the live workers, and compare.

What belongs here: recomputing a partition (`recompute_users`, `recompute_videos`), comparing it with a store, the
report. What does not: folds (`recomind.state`), decoding (`recomind.stream.codec`), options and exit codes
(`recomind.cli`). May import `recomind.stores` and below.
"""
