"""The tables: one row a result, and nothing a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given

from tests.formats.make import HOSTILE, PATH, mixed
from tqb.formats.csv import to_csv
from tqb.formats.parquet import to_parquet
from tqb.formats.table import COLUMNS, rows
from tqb.text import without_controls


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@given(HOSTILE)
def test_no_cell_is_a_formula_and_no_text_is_lost(text: str) -> None:
    """Each cell is read back as it was, but for controls and an apostrophe before a formula."""
    made = mixed(text)
    found = read(to_csv(made))
    assert len(found) == len(made.results)
    for row, source in zip(found, rows(made), strict=True):
        assert row.keys() == COLUMNS.keys()
        for name, cell in row.items():
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
            was = source[name]
            wanted = "" if was is None else without_controls(str(was))
            assert cell in (wanted, f"'{wanted}")
            assert cell == wanted or wanted[0] in "=+-@\t\r\n＝＋－＠"


def test_columns_say_what_became_of_an_item_and_where_it_stands() -> None:
    """The broken item has its outcome, change, file and line; what is unknown is empty."""
    row = read(to_csv(mixed("=1+1")))[1]
    wanted: Mapping[str, str] = {
        "item": "q2",
        "outcome": "fail",
        "change": "broken",
        "answer": "'=1+1",
        "path": PATH,
        "line": "2",
        "cost_usd": "",
    }
    assert {name: row[name] for name in wanted} == wanted


def test_parquet_has_the_same_rows_with_types() -> None:
    """Read back by pyarrow, the rows are those of the report, each column of its type."""
    pq: Any = pytest.importorskip("pyarrow.parquet")
    made = mixed("=1+1 漢")
    found = pq.read_table(io.BytesIO(to_parquet(made)))
    assert found.to_pylist() == [{name: row[name] for name in COLUMNS} for row in rows(made)]
    assert str(found.schema.field("line").type) == "int64"
