"""Rows of a Parquet file."""

from pyarrow import parquet

from recomind.offline.parquet_rows import RowWriter


def test_rows_are_counted_while_they_are_collected_and_are_in_the_file_afterwards(tmp_path):
    with RowWriter(tmp_path / "served.parquet") as writer:
        writer.write({"list_id": "L", "place": place} for place in range(3))
        assert writer.rows == 3
    assert parquet.read_table(tmp_path / "served.parquet")["place"].to_pylist() == [0, 1, 2]
