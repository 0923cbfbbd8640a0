"""The benchmark: throughput, latency and cost, each measurement beside a stated limit or a baseline of the same run.

What belongs here: one scenario per file, each with `run(bench) -> measurements`; the processes they start; the
baselines; the report. What does not: anything that a worker runs. Workers are separate processes, observed from
outside. May import everything below `cli`.
"""

SCENARIOS = {
    "ingest": "ingest",
    "freshness": "freshness",
    "looking": "looking",
    "posting": "posting",
    "serving": "serving",
    "cold": "cold_start",
    "growth": "growth",
    "scale": "scale_out",
}
"""Scenario to its module, in running order."""
