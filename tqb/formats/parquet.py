"""Parquet, one row a result, where pyarrow is installed."""

from __future__ import annotations

from tqb.errors import ConfigError
from tqb.formats.table import COLUMNS, rows
from tqb.text import well_formed
from tqb.types import Report


def require_pyarrow() -> None:
    """Raise `ConfigError` where Parquet cannot be written."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise ConfigError(
            "Parquet needs pyarrow, which is not installed: pip install 'tqb[parquet]'"
        ) from None


def to_parquet(report: Report) -> bytes:
    """Render the results as a Parquet file; texts are as they came.

    Raises:
        ConfigError: pyarrow is not installed.
    """
    require_pyarrow()
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {str: pa.string(), int: pa.int64(), float: pa.float64()}
    schema = pa.schema([(name, kinds[kind]) for name, kind in COLUMNS.items()])
    clean = [
        {name: well_formed(cell) if isinstance(cell, str) else cell for name, cell in row.items()}
        for row in rows(report)
    ]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(clean, schema=schema), sink)
    return bytes(sink.getvalue())
