"""Write the JSON Schema of the report anew: ``python -m tests.formats.write_schema``."""

from __future__ import annotations

import json
from pathlib import Path

from tqb import formats
from tqb.formats.json import json_schema

SCHEMA = Path(formats.__file__).with_name("report.schema.json")


def schema_text() -> str:
    """Return what the shipped schema file must hold."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(schema_text(), encoding="utf-8")
