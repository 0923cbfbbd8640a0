"""Verification: recompute the state from the logs with the folds of the live workers, and compare it with the stores.

What belongs here: recomputing a partition (`recompute_users`, `recompute_videos`), comparing it with a store, and the
report. What does not: folds (`recomind.state`), decoding (`recomind.stream.codec`), options and exit codes
(`recomind.cli`). May import `recomind.stores` and below.
"""
