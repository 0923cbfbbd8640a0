"""The names of aiokafka with which `recomind.stream.record_batches` reads batches are as it expects them."""

import inspect

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy

from recomind.stream.record_batches import RecordBatches, accept_any_header_names


def test_the_fetcher_makes_its_batches_from_a_name_of_its_module():
    assert "records = MemoryRecords(part_data[-1])" in inspect.getsource(fetcher)
    accept_any_header_names()
    assert fetcher.MemoryRecords is RecordBatches


def test_the_fetcher_uses_nothing_else_of_them():
    source = inspect.getsource(fetcher)
    used = {name for name in dir(fetcher.MemoryRecords) if f"records.{name}(" in source}
    assert used == {"has_next", "next_batch", "size_in_bytes"}


def test_the_reader_in_python_decodes_parts_of_its_buffer():
    source = inspect.getsource(_DefaultRecordBatchPy)
    assert source.count(".decode(") == 1
    assert '.decode("utf-8")' in source
    assert "buffer = self._buffer" in source
