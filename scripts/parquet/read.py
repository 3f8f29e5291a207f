"""Reads Parquet files with DuckDB and with pandas, and prints what each of them finds as JSON, one line a file."""

import datetime
import json
import sys
import uuid

import duckdb
import pandas
import pyarrow.parquet


def plain(value):
    """A value as text in one form; nothing for none."""
    if value is None or value is pandas.NaT or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, (datetime.datetime, pandas.Timestamp)):
        return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, bytes) and len(value) == 16:
        return str(uuid.UUID(bytes=value))
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return str(bool(value)).lower()
    return str(value)


def rows(names, values):
    return [{name: text for name, value in zip(names, row) if (text := plain(value)) is not None} for row in values]


def read(path):
    footer = pyarrow.parquet.read_metadata(path).metadata or {}
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    found = con.execute("SELECT * FROM read_parquet(?)", [path])
    names = [column[0] for column in found.description]
    by_duckdb = rows(names, found.fetchall())
    types = con.execute("SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet(?))", [path])
    # Without pyarrow's types, integers with gaps would become floats.
    frame = pandas.read_parquet(path, dtype_backend="pyarrow")
    frame = frame.astype(object).where(frame.notna(), None)
    by_pandas = rows(list(frame.columns), frame.itertuples(index=False, name=None))
    return {
        "footer": {key.decode(): value.decode() for key, value in footer.items()},
        "types": dict(types.fetchall()),
        "duckdb": by_duckdb,
        "pandas": by_pandas,
    }


for file in sys.argv[1:]:
    print(json.dumps(read(file)))
