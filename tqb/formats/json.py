"""The JSON report: the fields of `tqb.types.Report`, and their JSON Schema.

The schema is shipped as ``tqb/formats/report.schema.json``.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from tqb.types import Report


def to_json(report: Report) -> str:
    """Render the report as JSON text with a line end at its end."""
    return json.dumps(report, default=_fields, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _fields(record: Any) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in fields(record)}


def json_schema() -> dict[str, Any]:
    """Make the JSON Schema (2020-12) of the report from its records."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(Report).json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
