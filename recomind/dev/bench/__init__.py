"""The benchmark: how fast, fresh and frugal RecoMind is, each figure beside a limit or a peer of the same run.

What belongs here: one scenario a file, each with `run(bench) -> figures`; the programs they start; the peers they are
compared with; and how figures are shown. What does not: anything that the product runs. Workers are processes of
their own and are watched from outside. May import everything below `commands`.
"""

SCENARIOS = {
    "ingest": "ingest",
    "freshness": "freshness",
    "serving": "serving",
    "cold": "cold_start",
    "growth": "growth",
    "scale": "scale_out",
}
"""Scenario to its module, in the order in which they run."""
