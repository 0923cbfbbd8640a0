"""What an operator watches, as Prometheus metrics in a registry of the app's own."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class Counters:
    """All metrics of a worker."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.actions = Counter("recomind_actions", "Actions applied", ["action_type"], registry=self.registry)
        self.dead_letters = Counter("recomind_dead_letters", "Records that could not be read", registry=self.registry)
        self.timer_errors = Counter("recomind_timer_errors", "Periodic work that failed", registry=self.registry)
        self.lists = Counter("recomind_lists", "Lists ranked and stored", registry=self.registry)
        self.lessons = Counter("recomind_lessons", "Likes the blend has learned from", registry=self.registry)
        self.picks = Counter(
            "recomind_picks", "Videos put into lists, by the strategy behind them", ["strategy"], registry=self.registry
        )
        self.waiting = Gauge(
            "recomind_people_waiting", "People with news whose list is not done", registry=self.registry
        )
        self.lag = Gauge("recomind_lag", "Records not yet committed", ["topic"], registry=self.registry)
        self.weight = Gauge(
            "recomind_blend_weight", "Weight of a feature in the blend", ["feature"], registry=self.registry
        )
        self.keys = Gauge("recomind_table_keys", "Values in a table here", ["table"], registry=self.registry)
