"""Publishing state tables to the read model, so that any worker can read them."""

from typing import Any

from recomind.model.ids import Partition
from recomind.runtime.app import RecoMindApp
from recomind.runtime.commit import Stage
from recomind.runtime.write_behind import WriteBehind


def publish_table(app: RecoMindApp, table: str, writer: WriteBehind[Any]) -> None:
    """Have `writer` publish a table's changes to the read model: at the publish interval and before each commit."""
    app.table_writers[table] = writer
    app.commit_steps.register(Stage.STORES, writer.flush)
    app.timer(app.options.publish_interval)(writer.flush)


async def republish(app: RecoMindApp, partition: Partition) -> None:
    """Publish every value of a partition's tables, but for those that nobody else reads."""
    for name, table in app.state_tables.items():
        writer = app.table_writers.get(name)
        if writer is not None and partition in table.partitions:
            for key, value in table.items(partition):
                writer.add(key, value)
            await writer.flush()
