"""A log of served lists without records, for workers that run without Kafka."""


class EmptyServedListLog:
    """Nothing was ever served."""

    def committed(self, partition):
        return 0

    async def end(self, partition):
        return 0

    async def read(self, partition, *, until, since=None, start=None):
        for records in ():
            yield records


def without_served_lists(app):
    """Have an app find no served list in Kafka."""
    app.served_window._log = EmptyServedListLog()
