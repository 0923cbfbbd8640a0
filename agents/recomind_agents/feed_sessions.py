"""Delete the pages of feed sessions that have expired from PostgreSQL; in Redis they expire by themselves."""

from typing import Final

from mode.utils.logging import get_logger

from recomind.runtime.app import RecoMindApp
from recomind.stores import keys

logger = get_logger(__name__)

INTERVAL_S: Final = 600.0
"""Time between two runs."""


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""

    @app.timer(INTERVAL_S, on_leader=True)
    async def delete_expired_pages() -> None:
        deleted = await app.archive.delete_expired_feed_pages(float(keys.FEED_PAGE_TTL_S))
        if deleted:
            logger.info("deleted %d pages of feed sessions that have expired", deleted)
