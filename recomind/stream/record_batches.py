"""Batches of records as Kafka sends them, read whatever the names of headers are.

Kafka stores any bytes as the name of a header. aiokafka ends the consumer at one that is not UTF-8, again and again,
since nothing moves the consumer past it. So a batch that aiokafka cannot read is read once more, with such names
escaped. All names of aiokafka that this uses are checked in `tests/contracts/test_aiokafka_privates.py`.
"""

from collections.abc import Iterator
from struct import unpack_from
from typing import Any, Final

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

_LENGTH_OFFSET: Final = 8
"""Where the length of a batch is: after the offset of its first record."""

_LENGTH_END: Final = 12


class _Text(bytearray):
    """Bytes that can be decoded whatever they are."""

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return super().decode(encoding, "backslashreplace")


class _Buffer(bytearray):
    """Bytes of records, of which every part can be decoded."""

    def __getitem__(self, key: Any) -> Any:
        part = super().__getitem__(key)
        return _Text(part) if isinstance(key, slice) else part


class RecordBatch:
    """A batch of aiokafka's; only its records are read in another way."""

    def __init__(self, batch: Any, data: memoryview) -> None:
        self._batch = batch
        self._data = data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        """The records. All are read before the first one is returned, so that none is returned twice.

        Raises:
            CorruptRecordException: the batch is damaged.
        """
        try:
            return iter(list(self._batch))
        except UnicodeDecodeError:
            batch = iter(_DefaultRecordBatchPy(self._data))  # decompresses it
            batch._buffer = _Buffer(batch._buffer)
            return iter(list(batch))

    def __next__(self) -> Any:
        return next(self._batch)


class RecordBatches:
    """The batches in Kafka's answer to a fetch, in place of aiokafka's `MemoryRecords`."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._batches: Any = MemoryRecords(data)
        self._position = 0

    def size_in_bytes(self) -> int:
        """Length of the answer."""
        return len(self._data)

    def has_next(self) -> bool:
        """Whether there is another whole batch."""
        return bool(self._batches.has_next())

    def next_batch(self) -> Any:
        """The next batch; of the formats before headers existed, as aiokafka reads it."""
        batch = self._batches.next_batch()
        if batch is None:
            return None
        start = self._position
        self._position += _LENGTH_END + unpack_from(">i", self._data, start + _LENGTH_OFFSET)[0]
        return batch if batch.producer_id is None else RecordBatch(batch, self._data[start : self._position])


def accept_any_header_names() -> None:
    """Have all consumers of this process read batches in this way; call it before a consumer starts."""
    fetcher.MemoryRecords = RecordBatches
