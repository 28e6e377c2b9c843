"""The JSON report: the fields of `tqb.types.Report`, or of `Matrix`, and their JSON Schema.

Each element of a list has a line of its own, so that a result can be found, cut out and compared
line by line; all else is indented. The schemas are shipped beside this file, as
``report.schema.json`` and ``matrix.schema.json``.
"""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from tqb import types
from tqb.types import Matrix, Report


def to_json(report: Report | Matrix) -> str:
    """Render the report, or several with what they are together, as JSON text with a line end."""
    return "".join(json_pieces(report))


def json_pieces(report: Report | Matrix) -> Iterator[str]:
    """Yield that text piece by piece: whole, it takes as much memory as the report."""
    yield from _pieces(report, "\n")
    yield "\n"


def _pieces(value: Any, line: str) -> Iterator[str]:
    """Yield the text of a value piece by piece; `line` is a line end and the value's indent."""
    inner = f"{line} "
    if is_dataclass(value):
        value = _fields(value)
    if isinstance(value, Mapping) and value:
        sign = "{"
        for key, part in value.items():
            yield f"{sign}{inner}{_on_one_line(str(key))}: "
            yield from _pieces(part, inner)
            sign = ","
        yield f"{line}}}"
    elif isinstance(value, Sequence) and value and not isinstance(value, str):
        sign = "["
        for part in value:
            yield f"{sign}{inner}{_on_one_line(part)}"
            sign = ","
        yield f"{line}]"
    else:
        yield _on_one_line(value)


def _fields(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in _names(record.__class__)}


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


_on_one_line = partial(json.dumps, default=_fields, ensure_ascii=False, allow_nan=False)


def json_schema(record: type[Any] = Report) -> dict[str, Any]:
    """Make the JSON Schema (2020-12) of the report, or of another record, from its parts."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema_of(record)}


def schema_of(record: type[Any]) -> dict[str, Any]:
    """Make the JSON Schema of a record of `tqb.types`; fields are told as their docstrings do."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(record).json_schema(mode="serialization")
    for name, definition in {record.__name__: schema, **schema.get("$defs", {})}.items():
        said = field_meanings(getattr(types, name))
        for field, part in definition["properties"].items():
            if field in said:
                part["description"] = said[field]
    return schema


def field_meanings(record: type[Any]) -> Mapping[str, str]:
    """Return what is said under each field of a record, or else under the name of its type."""
    module = _parsed(inspect.getfile(record)).body
    named = _docstrings(module)
    body = next(
        node.body
        for node in module
        if isinstance(node, ast.ClassDef) and node.name == record.__name__
    )
    said = _docstrings(body)
    return {
        field.name: said.get(field.name) or named[str(field.type)]
        for field in fields(record)
        if field.name in said or str(field.type) in named
    }


@cache
def _parsed(path: str) -> ast.Module:
    return ast.parse(Path(path).read_text("utf-8"))


def _docstrings(body: Sequence[ast.stmt]) -> dict[str, str]:
    """Return the texts that stand right under an assignment, by the name that is assigned to."""
    found = {}
    for line, below in pairwise(body):
        match line, below:
            case (
                ast.AnnAssign(target=ast.Name(name)) | ast.Assign(targets=[ast.Name(name)]),
                ast.Expr(ast.Constant(str(said))),
            ):
                found[name] = " ".join(said.split())
    return found
