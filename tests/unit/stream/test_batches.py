"""Splitting fetched records into batches."""

from types import SimpleNamespace

from recomind.stream.batches import MAX_BATCH_BYTES, MAX_BATCH_RECORDS, Batch


def records_of(*lengths):
    """Records with values of these lengths."""
    return [SimpleNamespace(offset=offset, value=b"x" * length) for offset, length in enumerate(lengths)]


def test_records_are_split_before_their_values_exceed_the_limit():
    half = MAX_BATCH_BYTES // 2
    batches = list(Batch.split("t", 0, records_of(half, half, 1, 2 * MAX_BATCH_BYTES, 5)))
    lengths = [[len(one.value) for one in batch.records] for batch in batches]
    assert lengths == [[half, half], [1], [2 * MAX_BATCH_BYTES], [5]]
    assert [batch.size_bytes for batch in batches] == [2 * half, 1, 2 * MAX_BATCH_BYTES, 5]
    assert list(Batch.split("t", 0, [])) == []


def test_many_records_are_split_into_batches_of_the_maximal_number():
    batches = list(Batch.split("t", 0, records_of(*[1] * (2 * MAX_BATCH_RECORDS + 1))))
    last_offsets = [batch.records[-1].offset for batch in batches]
    assert last_offsets == [MAX_BATCH_RECORDS - 1, 2 * MAX_BATCH_RECORDS - 1, 2 * MAX_BATCH_RECORDS]
