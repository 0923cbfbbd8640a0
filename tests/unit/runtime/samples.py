"""Statistics of workers, for tests."""

from recomind.runtime.worker_stats import WorkerStats, freshness_bucket


def stats_of(worker, partitions, **changes):
    """Statistics of a worker with these partitions."""
    defaults = {
        "worker": worker,
        "address": "host:1",
        "measured_at": 1.0,
        "uptime_s": 1.0,
        "partitions": partitions,
        "is_leader": 0 in partitions,
        "cpu_share": 0.25,
        "memory_bytes": 1_000_000,
        "actions_per_second": {"like": 1.5, "view": 2.0},
        "consumer_lag": {"video_signals": 3},
        "pending_refreshes": 1,
        "lists_per_second": 2.0,
        "freshness": {freshness_bucket(0.1): 99, freshness_bucket(4.0): 1},
        "lists_served": {"cache": 3, "cold": 1},
        "dead_letters": 1,
        "timer_errors": 0,
        "event_streams": 2,
        "shown": {"15m": {"ranked": (10, 8, 4), "lists": (2, 2, 1), "source tags": (10, 8, 4)}},
        "catalogue": None,
        "table_keys": {},
    }
    return WorkerStats(**{**defaults, **changes})
