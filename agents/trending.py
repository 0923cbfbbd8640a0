"""Trending: merged from what each partition puts forward. The owner of partition 0 publishes it for all."""

from recomind.app import RecoMindApp


def declare(app: RecoMindApp) -> None:
    """Put the agent on the app."""

    async def publish_trending() -> None:
        await app.replica.follow_catalogue()
        await app.replica.follow_audience()
        if app.leads:
            await app.read_model.put_popular(app.replica.popular(app.options.slate_size))

    app.every(app.options.trending_interval, publish_trending)
